//! The licence texts of everything that is linked in, as one file. Most licences require this from
//! whoever distributes a binary.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::crates::Crate;
use crate::process::Outcome;

/// The texts of `crates`, each text once with the crates that it applies to, and the texts of
/// `libraries`, which are not crates, with their names.
///
/// # Errors
/// When a crate comes without a text, and we do not know the text of its licence.
pub(super) fn of(crates: &[Crate], libraries: &[(&str, String)]) -> Outcome<Vec<u8>> {
    let mut list = String::new();
    // The texts in the order in which they are found, so that each is included only once.
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for one in crates.iter().filter(|one| !one.is_ours) {
        let called = format!("{} {}", one.name, one.version);
        writeln!(list, "  {called}: {}", one.licence)?;
        for text in texts_of(one)? {
            let place = *places.entry(text.clone()).or_insert_with(|| {
                texts.push((text, Vec::new()));
                texts.len() - 1
            });
            if let Some((_, names)) = texts.get_mut(place) {
                names.push(called.clone());
            }
        }
    }
    let mut file = format!("{HEAD}{list}");
    for (text, names) in texts {
        write!(
            file,
            "\n{RULE}\nFor {}:\n\n{}\n",
            names.join(", "),
            text.trim_end()
        )?;
    }
    for (name, text) in libraries {
        write!(file, "\n{RULE}\nFor {name}:\n\n{}\n", text.trim_end())?;
    }
    Ok(file.into_bytes())
}

/// The licence files of the crate; otherwise the text of its licence with its authors' names.
fn texts_of(one: &Crate) -> Outcome<Vec<String>> {
    let mut names: Vec<_> = fs::read_dir(&one.folder)?
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| is_licence(Path::new(name)))
        .collect();
    names.sort();
    let mut texts = Vec::new();
    for name in names {
        texts.push(fs::read_to_string(one.folder.join(name))?);
    }
    if !texts.is_empty() {
        return Ok(texts);
    }
    if one.licence == "BSD-3-Clause" && !one.authors.is_empty() {
        let authors = one.authors.join(", ");
        return Ok(vec![format!("Copyright (c) {authors}\n\n{BSD_3_CLAUSE}")]);
    }
    Err(format!(
        "{} {} ({}) comes without the text of its licence",
        one.name, one.version, one.licence
    )
    .into())
}

fn is_licence(name: &Path) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ]
    .iter()
    .any(|word| name.starts_with(word))
}

const RULE: &str = "------------------------------------------------------------------------";

const HEAD: &str = "\
What is linked into rkinit, beside its own crates, and under which licences. Where there is a choice,
\"OR\", any of them is offered; the texts follow.

  the Rust standard library, by The Rust Project contributors: MIT OR Apache-2.0, whose texts are those
  of LICENSE-MIT and LICENSE-APACHE beside this file, but for the names
  musl, the C library: MIT
  libunwind: Apache-2.0 WITH LLVM-exception
";

/// For crates that have this licence but come without a text.
const BSD_3_CLAUSE: &str = "\
Redistribution and use in source and binary forms, with or without modification, are permitted
provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions
   and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions
   and the following disclaimer in the documentation and/or other materials provided with the
   distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse
   or promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS \"AS IS\" AND ANY EXPRESS OR
IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE
USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
";
