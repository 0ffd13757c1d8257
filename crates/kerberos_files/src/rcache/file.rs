//! `RcacheFile`: finds and stores records in a `file2` file.

use std::convert::identity;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::hash::Hasher as _;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kerberos_proto::{Replay, ReplayCache, Timestamp};
use rustix::fs::OFlags;
use siphasher::sip::SipHasher24;

use crate::foreign::is_planted;
use crate::lock;
use crate::rcache::RcacheError;

/// A replay cache in a file, shared by threads and processes. Nothing is kept open between calls.
///
/// The file is created when it is first needed, with mode 0600. Unlike in MIT's `file2:`, symbolic
/// links are not followed: in a folder where others may write, a link would let them choose the
/// file.
///
/// See the [module](crate::rcache) for an example, the format, and the effects of a crash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RcacheFile {
    path: PathBuf,
    clock_skew: u32,
    owned: bool,
}

impl RcacheFile {
    /// The cache at `path` (`file2:`). Records are kept for `clock_skew` seconds.
    ///
    /// The file may belong to any user, unless it is in a place like /tmp that is sticky and that
    /// everyone may write to. There it must belong to the effective user or root.
    pub fn new(path: impl Into<PathBuf>, clock_skew: u32) -> Self {
        Self {
            path: path.into(),
            clock_skew,
            owned: false,
        }
    }

    /// The cache in `folder` that all services of the effective user share (`dfl:`). Its file must
    /// belong to that user, because anyone may create files in a folder for temporary files.
    pub fn of_user(folder: impl AsRef<Path>, clock_skew: u32) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self {
            path: folder.as_ref().join(format!("krb5_{uid}.rcache2")),
            clock_skew,
            owned: true,
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether no request with this `tag`, the checksum of its authenticator, has been recorded.
    /// The request is then recorded until `clock_skew` seconds after `now`, or until `expires` if
    /// that is later.
    ///
    /// MIT's library only considers `now`. So it forgets the request of a client whose clock is
    /// ahead while the request would still be accepted. Ours writes the later time; both read it in
    /// the same way.
    ///
    /// # Errors
    /// [`RcacheError`]. Nothing is recorded then, and the request must be refused.
    pub fn record(&self, tag: &[u8], expires: i64, now: Timestamp) -> Result<bool, RcacheError> {
        let kept = now
            .seconds
            .max(expires.saturating_sub(self.clock_skew.into()));
        let record = Record {
            tag: coerced(tag),
            // The time 0 marks an empty slot.
            time: seconds(kept).max(1),
        };
        let file = self.open_file()?;
        let io = |source| RcacheError::from_io(&self.path, source);
        lock::lock_exclusive(&file).map_err(io)?;
        let outcome = store(&file, &record, seconds(now.seconds), self.clock_skew);
        // Closing the file is not enough if another thread has just forked.
        let unlocked = lock::unlock(&file);
        let outcome = outcome.map_err(io)?;
        unlocked.map_err(io)?;
        match outcome {
            Outcome::New => Ok(true),
            Outcome::Replay => Ok(false),
            Outcome::Full => Err(RcacheError::Full {
                path: self.path.clone(),
            }),
        }
    }

    /// Checks that the file can be used, and creates it if it does not exist. Otherwise problems
    /// would only show with the first client.
    ///
    /// # Errors
    /// The same as [`record`](Self::record).
    pub fn check(&self) -> Result<(), RcacheError> {
        self.open_file().map(drop)
    }

    fn open_file(&self) -> Result<File, RcacheError> {
        let path = || self.path.clone();
        // Only a file that can be read and written is acceptable. A pipe must not make us wait.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&self.path);
        let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|source| RcacheError::from_io(&self.path, source))?;
        if !metadata.is_file() {
            return Err(RcacheError::NotAFile { path: path() });
        }
        let uid = rustix::process::geteuid().as_raw();
        let foreign = if self.owned {
            metadata.uid() != uid
        } else {
            is_planted(&self.path, metadata.uid())
        };
        if foreign {
            return Err(RcacheError::NotOurs { path: path(), uid });
        }
        // In a folder that everyone may write to, another name is a trap: it may be one of our
        // files elsewhere, linked here so that we overwrite it.
        if self.owned && metadata.nlink() > 1 {
            return Err(RcacheError::HardLink { path: path() });
        }
        Ok(file)
    }
}

impl ReplayCache for RcacheFile {
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        (&*self).store(request, now)
    }
}

/// Threads can share it without a lock.
impl ReplayCache for &RcacheFile {
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        Ok(self.record(request.tag, request.expires, now)?)
    }
}

/// The result of looking for a record.
enum Outcome {
    New,
    Replay,
    Full,
}

/// Looks for `record` in `file`, which must be locked, and writes it if it is not there.
fn store(file: &File, record: &Record, now: u32, clock_skew: u32) -> io::Result<Outcome> {
    let mut seed = seed(file)?;
    let mut free = None;
    for table in Table::all() {
        let place = table.place(hash(&seed, &record.tag));
        let next = place + RECORD_LEN as u64;
        let slots = read_slots(file, place)?;
        if slots.iter().flatten().any(|slot| slot.tag == record.tag) {
            return Ok(Outcome::Replay);
        }
        // The first place that is empty or whose record has expired.
        free = free.or_else(|| {
            [place, next]
                .into_iter()
                .zip(slots)
                .find(|(_, slot)| slot.is_none_or(|slot| slot.is_expired(now, clock_skew)))
                .map(|(place, _)| place)
        });
        if slots.iter().any(Option::is_none) {
            break;
        }
        let [first, ..] = &mut seed;
        *first = first.wrapping_add(1);
    }
    let Some(place) = free else {
        return Ok(Outcome::Full);
    };
    file.write_all_at(&record.to_bytes(), place)?;
    Ok(Outcome::New)
}

/// The seed of the file, which is created if it has none.
fn seed(file: &File) -> io::Result<[u8; SEED_LEN]> {
    let mut seed = [0; SEED_LEN];
    if read_up_to(file, &mut seed, 0)? < SEED_LEN {
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        file.write_all_at(&seed, 0)?;
    }
    Ok(seed)
}

fn hash(seed: &[u8; SEED_LEN], tag: &[u8; TAG_LEN]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(seed);
    hasher.write(tag);
    hasher.finish()
}

/// The records at `place` and after it, as far as they exist.
fn read_slots(file: &File, place: u64) -> io::Result<[Option<Record>; 2]> {
    let mut bytes = [0; 2 * RECORD_LEN];
    let length = read_up_to(file, &mut bytes, place)?;
    let mut records = bytes
        .get(..length)
        .unwrap_or_default()
        .chunks(RECORD_LEN)
        .map(Record::from_bytes);
    Ok([(); 2].map(|()| records.next().and_then(identity)))
}

/// Reads until `buffer` is full or the file ends, and returns the number of bytes.
fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// One of the tables of a file, whether or not the file is that long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Table {
    offset: u64,
    slots: u64,
}

impl Table {
    /// All tables that fit into the largest file that MIT's library makes.
    fn all() -> impl Iterator<Item = Self> {
        let first = Self {
            offset: SEED_LEN as u64,
            slots: 1023,
        };
        std::iter::successors(Some(first), |table| {
            Some(Self {
                offset: table.end(),
                slots: 2 * table.slots.next_power_of_two(),
            })
        })
        .take_while(|table| table.end() <= LARGEST_FILE)
    }

    fn end(self) -> u64 {
        self.offset + self.slots * RECORD_LEN as u64
    }

    fn place(self, hash: u64) -> u64 {
        self.offset + hash % self.slots * RECORD_LEN as u64
    }
}

/// A slot that is not empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Record {
    tag: [u8; TAG_LEN],
    time: u32,
}

impl Record {
    /// `None` for an empty slot, and for one in which the file ends.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (tag, time) = bytes.split_first_chunk()?;
        let time = u32::from_be_bytes(time.try_into().ok()?);
        (time != 0).then_some(Self { tag: *tag, time })
    }

    fn to_bytes(self) -> [u8; RECORD_LEN] {
        let mut bytes = [0; RECORD_LEN];
        let fields = self.tag.into_iter().chain(self.time.to_be_bytes());
        bytes
            .iter_mut()
            .zip(fields)
            .for_each(|(byte, field)| *byte = field);
        bytes
    }

    /// As in MIT's library, times are 32 bits that wrap around.
    fn is_expired(self, now: u32, clock_skew: u32) -> bool {
        now > self.time.wrapping_add(clock_skew)
    }
}

/// The first bytes of a longer checksum, or a shorter checksum padded with zeros.
fn coerced(tag: &[u8]) -> [u8; TAG_LEN] {
    let mut coerced = [0; TAG_LEN];
    coerced
        .iter_mut()
        .zip(tag)
        .for_each(|(to, from)| *to = *from);
    coerced
}

/// The low 32 bits of a time, which is what the file stores.
fn seconds(time: i64) -> u32 {
    let [.., a, b, c, d] = time.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

const SEED_LEN: usize = 16;
const TAG_LEN: usize = 12;
const RECORD_LEN: usize = 16;
const LARGEST_FILE: u64 = 0x7fff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_tables_have_the_layout_of_the_file2_format() {
        let tables: Vec<_> = Table::all().map(|one| (one.offset, one.slots)).collect();
        assert_eq!(tables[..3], [(16, 1023), (16_384, 2048), (49_152, 4096)]);
        assert_eq!(tables.len(), 17);
        assert_eq!(tables[16], ((1 << 30) - (1 << 14), 1 << 26));
    }

    #[test]
    fn hashes_are_siphash_2_4() {
        // The test vector for 12 bytes in the paper's reference code: key 00..0f, input 00 01 ..
        // 0b.
        let seed: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let tag: [u8; 12] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        assert_eq!(hash(&seed, &tag), 0x751e_8fbc_860e_e5fb);
    }

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn full_file_is_reported_until_a_record_expires() {
        let folder = test_support::TempDir::new();
        let path = folder.join("rcache");
        let cache = RcacheFile::new(&path, 300);
        let new = || cache.record(b"tag", 1_300, Timestamp::new(1_000, 0));
        assert!(new().unwrap());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let mut seed = seed(&file).unwrap();
        for table in Table::all() {
            let taken = [[1; 12], [2; 12]].map(|tag| Record { tag, time: 1_000 }.to_bytes());
            let place = table.place(hash(&seed, &coerced(b"tag")));
            file.write_all_at(&taken.concat(), place).unwrap();
            seed[0] = seed[0].wrapping_add(1);
        }
        let record = Record {
            tag: coerced(b"tag"),
            time: 1_000,
        };
        let outcome = |now| store(&file, &record, now, 300).unwrap();
        assert!(matches!(outcome(1_300), Outcome::Full));
        // Once one of them has expired, there is a place.
        assert!(matches!(outcome(1_301), Outcome::New));
        assert!(matches!(outcome(1_301), Outcome::Replay));
    }

    #[test]
    fn record_expiry_handles_32_bit_wraparound() {
        let at = |time| Record { tag: [0; 12], time };
        assert!(!at(1_000).is_expired(1_300, 300));
        assert!(at(1_000).is_expired(1_301, 300));
        assert!(!at(u32::MAX - 10).is_expired(100, 300));
        assert_eq!(seconds(0x1_0000_0005), 5);
    }
}
