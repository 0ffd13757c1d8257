//! `Source`: settings that are either given, or read from a file whenever it has changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kerberos_files::stamp::FileStamp;

use super::DnsError;
use crate::io::Io;

/// Where settings come from.
#[derive(Debug)]
pub(super) enum Source<T> {
    Fixed(Arc<T>),
    File(Arc<SourceFile<T>>),
}

/// A file with settings.
#[derive(Debug)]
pub(super) struct SourceFile<T> {
    path: PathBuf,
    load: fn(&Path) -> io::Result<T>,
    /// The settings, and the state of the file that they were read from.
    read: Mutex<Option<(FileStamp, Arc<T>)>>,
}

impl<T: Send + Sync + 'static> Source<T> {
    pub(super) fn fixed(settings: T) -> Self {
        Self::Fixed(Arc::new(settings))
    }

    pub(super) fn file(path: impl Into<PathBuf>, load: fn(&Path) -> io::Result<T>) -> Self {
        Self::File(Arc::new(SourceFile {
            path: path.into(),
            load,
            read: Mutex::new(None),
        }))
    }

    /// The present settings. The file may be on a network or a pipe, so a runtime's thread does not
    /// look at it.
    pub(super) async fn get(&self, io: Io) -> Result<Arc<T>, DnsError> {
        let file = match self {
            Self::Fixed(settings) => return Ok(Arc::clone(settings)),
            Self::File(file) => Arc::clone(file),
        };
        let path = file.path.display().to_string();
        let error = |reason| DnsError::ResolvConf { path, reason };
        match io.run_or_do(move || file.get()).await {
            Some(Ok(settings)) => Ok(settings),
            Some(Err(failed)) => Err(error(crate::transport::describe(&failed))),
            None => Err(error(ENDS.to_owned())),
        }
    }
}

impl<T> SourceFile<T> {
    fn get(&self) -> io::Result<Arc<T>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before reading, so that a change in between causes another read.
        let now = FileStamp::of(&self.path).ok();
        if let Some((before, settings)) = &*read
            && Some(*before) == now
        {
            return Ok(Arc::clone(settings));
        }
        let settings = Arc::new((self.load)(&self.path)?);
        // A file that is changing right now may change again without a new stamp.
        let settled = now.filter(|now| now.is_settled());
        *read = settled.map(|now| (now, Arc::clone(&settings)));
        Ok(settings)
    }
}

/// Takes the place of the system's error.
const ENDS: &str = "the process ends";
