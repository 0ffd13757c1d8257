//! Tests of the profile syntax: small files, includes, final marks, hostile input.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use test_support::TempDir;

use super::*;

/// Files and folders in memory.
#[derive(Default)]
struct Memory(BTreeMap<PathBuf, Result<Source, io::ErrorKind>>);

impl Memory {
    fn file(mut self, path: &str, text: &str) -> Self {
        self.0
            .insert(path.into(), Ok(Source::File(text.as_bytes().to_vec())));
        self
    }

    fn folder(mut self, path: &str, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.0.insert(path.into(), Ok(Source::Directory(names)));
        self
    }

    fn failure(mut self, path: &str, kind: io::ErrorKind) -> Self {
        self.0.insert(path.into(), Err(kind));
        self
    }

    fn load(mut self, paths: &[&str]) -> Result<Profile, ProfileError> {
        Profile::load_with(paths, &mut self)
    }
}

impl Loader for Memory {
    fn open(&mut self, path: &Path) -> io::Result<Source> {
        match self.0.get(path) {
            Some(Ok(source)) => Ok(source.clone()),
            Some(Err(kind)) => Err((*kind).into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The values at a path such as `a/b/c`.
fn values(profile: &Profile, path: &str) -> Vec<String> {
    let path: Vec<&str> = path.split('/').collect();
    profile.values(&path).map(str::to_owned).collect()
}

fn check(text: &str, path: &str, expected: &[&str]) {
    let profile = Profile::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(values(&profile, path), expected, "{path} in {text:?}");
}

fn check_error(text: &str, kind: &ProfileErrorKind, line: u32) {
    let error = Profile::parse(text).expect_err(text);
    assert_eq!((&error.kind, error.line), (kind, line), "{text:?}");
}

#[test]
fn relation_value_is_the_rest_of_its_line() {
    check("[a]\nb = c\n", "a/b", &["c"]);
    check("[a]\nb=c", "a/b", &["c"]);
    check("[a]\n\t b\t =\t c d \t\r\n", "a/b", &["c d"]);
    check("[a]\nb = c # no comment\n", "a/b", &["c # no comment"]);
    check("[a]\nb = c = d\n", "a/b", &["c = d"]);
    check("[a]\nb = 1\n", "a/b", &["1"]);
    check("[a]\nb-c_d.e/f = 1\n", "a/b-c_d.e/f", &[]);
    check("[a]\nB-c_d.e = 1\n", "a/B-c_d.e", &["1"]);
    check("[a]\nb = 1\nb = 2\nc = 3\nb = 1\n", "a/b", &["1", "2", "1"]);
    check("[a]\nb = { c\n", "a/b", &["{ c"]);
    check("[a]\nb = [c]\n", "a/b", &["[c]"]);
    check("[a]\nB = 1\n", "a/b", &[]);
    check("[a]\nb = 1\n", "a", &[]);
    check("[a]\nb = 1\n", "a/b/c", &[]);
}

#[test]
fn comments_blank_lines_and_leading_text_are_ignored() {
    check("b = 0\n anything } goes\n[a]\nb = 1\n", "a/b", &["1"]);
    check(" [z]\n[a]\nb = 1\n", "a/b", &["1"]);
    check("[a]\n# b = 0\n  ; b = 0\n\n   \n\r\nb = 1\n", "a/b", &["1"]);
    check("[a]\nb = {\n# }\nc = 1\n}\n", "a/b/c", &["1"]);
    check("\u{feff}[z]\n[a]\nb = 1\n", "a/b", &["1"]);
    check("", "a/b", &[]);
}

#[test]
fn sections_with_the_same_name_are_merged() {
    check(
        "[a]  \nb = 1\n [c]\nb = 2\n[a]\nb = 3\n",
        "a/b",
        &["1", "3"],
    );
    check("[a b]\nb = 1\n", "a b/b", &["1"]);
    check("[]\nb = 1\n", "/b", &["1"]);
    check("[a]\nb = {\n c = 1\n}\n", "a/b/c", &["1"]);
    check("[a]\nb = {   \n c = 1\n} ignored\nd = 2\n", "a/d", &["2"]);
    check("[a]\nb =\n  { ignored\n c = 1\n}\n", "a/b/c", &["1"]);
    check(
        "[a]\nb = {\nc = {\nd = 1\n}\n}\nb = {\nc = {\nd = 2\n}\n}\n",
        "a/b/c/d",
        &["1", "2"],
    );
    check("[a]\nb = 1\nb = {\n c = 2\n}\nb = 3\n", "a/b", &["1", "3"]);
    check("[a]\nb = 1\nb = {\n c = 2\n}\nb = 3\n", "a/b/c", &["2"]);
    // The end of the file closes everything that is open.
    check("[a]\nb = {\nc = 1", "a/b/c", &["1"]);
}

#[test]
fn quoted_values_keep_blanks_and_have_escapes() {
    check("[a]\nb = \" c \"\n", "a/b", &[" c "]);
    check("[a]\nb = \"c\" ignored\n", "a/b", &["c"]);
    check("[a]\nb = \"c\n", "a/b", &["c"]);
    check("[a]\nb = \"\"\n", "a/b", &[""]);
    check("[a]\nb = \"{\"\n", "a/b", &["{"]);
    check(
        "[a]\nb = \"x\\n\\t\\b\\\\\\\"\\q\\\u{e9}\"\n",
        "a/b",
        &["x\n\t\x08\\\"q\u{e9}"],
    );
    check("[a]\nb = \"c\\\n", "a/b", &["c\\"]);
    check("[a]\nb = c \"d\"\n", "a/b", &["c \"d\""]);
}

#[test]
fn final_mark_hides_later_values_of_the_same_file() {
    check("[a]\nb = 1\nb* = 2\nb = 3\nb* = 4\n", "a/b", &["1", "2"]);
    check(
        "[a]\nb* = {\nc = 1\n}\n[a]\nb = {\nc = 2\n}\nd = 3\n",
        "a/b/c",
        &["1"],
    );
    check(
        "[a]\nb* = {\nc = 1\n}\n[a]\nb = {\nc = 2\n}\nd = 3\n",
        "a/d",
        &["3"],
    );
    check(
        "[a]\nb = {\nc = 1\n}*\nb = {\nx = {\n}\nc = 2\n}\nd = 3\n",
        "a/b/c",
        &["1"],
    );
    check(
        "[a]\nb = {\nc = 1\n}*\nb = {\nx = {\n}\nc = 2\n}\nd = 3\n",
        "a/d",
        &["3"],
    );
    check(
        "[a]*\nb = 1\n[a]\nb = 2\nc = {\nd = {\n}\n}\nc = {\n}\n[e]\nb = 3\n",
        "a/b",
        &["1"],
    );
    check(
        "[a]*\nb = 1\n[a]\nb = 2\nc = {\nd = {\n}\n}\nc = {\n}\n[e]\nb = 3\n",
        "e/b",
        &["3"],
    );
    check("[a]\nb*more = 1\nb = 2\n", "a/b", &["1"]);
}

#[test]
fn final_mark_hides_values_of_later_files() {
    let values = |first: &str| {
        let files = Memory::default()
            .file("1", first)
            .file("2", "[a]\nb = {\nc = 2\n}\n");
        values(&files.load(&["1", "2"]).unwrap(), "a/b/c")
    };
    assert_eq!(values("[a]\nb = {\nc = 1\n}\n"), ["1", "2"]);
    assert_eq!(values("[a]\nb = {\nc* = 1\n}\n"), ["1"]);
    assert_eq!(values("[a]\nb* = {\nc = 1\n}\n"), ["1"]);
    assert_eq!(values("[a]\nb = {\nc = 1\n}*\n"), ["1"]);
    assert_eq!(values("[a]*\nb = {\nc = 1\n}\n"), ["1"]);
    // Final, although the relation itself is missing.
    assert_eq!(values("[a]*\n"), [""; 0]);
}

#[test]
fn errors_name_the_line() {
    check_error("[a]\nb = {\n[c]\n", &ProfileErrorKind::SectionNotTop, 3);
    check_error("[a\n", &ProfileErrorKind::SectionSyntax, 1);
    check_error("[a] b\n", &ProfileErrorKind::SectionSyntax, 1);
    check_error("[a]**\n", &ProfileErrorKind::SectionSyntax, 1);
    check_error("[a]\n\nb\n", &ProfileErrorKind::RelationSyntax, 3);
    check_error("[a]\n= b\n", &ProfileErrorKind::RelationSyntax, 2);
    check_error("[a]\nb c = d\n", &ProfileErrorKind::RelationSyntax, 2);
    check_error("[a]\n}\n", &ProfileErrorKind::ExtraBrace, 2);
    check_error("[a]\nb = {\n}\n}\n", &ProfileErrorKind::ExtraBrace, 4);
    check_error("[a]\nb =\n\n{\n", &ProfileErrorKind::MissingBrace, 3);
    check_error("module /usr/lib/m.so:x\n", &ProfileErrorKind::Module, 1);
    let error = Profile::parse("[a]\n?\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "krb5.conf, line 2: malformed line; expected 'key = value', and a key without blanks"
    );
}

#[test]
fn module_is_an_ordinary_word_within_sections() {
    check("[a]\nmodule = b\n", "a/module", &["b"]);
    check("modules of this file\n[a]\nb = 1\n", "a/b", &["1"]);
}

#[test]
fn included_files_are_read_where_they_are_named() {
    let profile = Memory::default()
        .file(
            "/main",
            "include /first\n[a]\nb = {\nx = 1\ninclude \t/second\r\ny = 3\n}\n",
        )
        .file("/first", "text\n[a]\nz = 0\n")
        .file("/second", "[a]\nb = {\nx = 2\n}\nz = 4\n")
        .load(&["/main"])
        .unwrap();
    assert_eq!(values(&profile, "a/b/x"), ["1", "2"]);
    assert_eq!(values(&profile, "a/b/y"), ["3"]);
    assert_eq!(values(&profile, "a/z"), ["0", "4"]);
    let files: Vec<_> = profile.files().collect();
    assert_eq!(
        files,
        [
            Path::new("/main"),
            Path::new("/first"),
            Path::new("/second")
        ]
    );
    let located = profile.located(&["a", "b", "x"]).nth(1).unwrap();
    assert_eq!((located.file, located.line), (Path::new("/second"), 3));
}

#[test]
fn include_is_recognized_only_at_the_start_of_a_line() {
    check("[a]\n include = b\n", "a/include", &["b"]);
    check("[a]\nincluded = b\n", "a/included", &["b"]);
    // At the start of a line, MIT also treats this as an include.
    let error = Profile::parse("[a]\ninclude = b\n").unwrap_err();
    assert!(
        matches!(error.kind, ProfileErrorKind::IncludeFile { .. }),
        "{error}"
    );
}

#[test]
fn includedir_reads_files_with_plain_names_in_order() {
    let names = [
        "b.conf",
        "a",
        "a~",
        "b.conf.rpmsave",
        ".hidden.conf",
        "x.y",
        "C-_9",
        "d",
        ".conf",
    ];
    let files = || {
        Memory::default()
            .folder("/d", &names)
            .file("/d/a", "[s]\nk = a\n")
            .file("/d/b.conf", "[s]\nk = b\n")
            .file("/d/C-_9", "[s]\nk = C\n")
            // A folder within is skipped.
            .folder("/d/d", &["a"])
            .file("/main", "[s]\nk = main\nincludedir /d\nl = 1\n")
    };
    let profile = files().load(&["/main"]).unwrap();
    assert_eq!(values(&profile, "s/k"), ["main", "C", "a", "b"]);
    assert_eq!(values(&profile, "s/l"), ["1"]);
    let profile = files().load(&["/d"]).unwrap();
    assert_eq!(values(&profile, "s/k"), ["C", "a", "b"]);
    let error = files()
        .file("/main", "includedir /d/a\n")
        .load(&["/main"])
        .unwrap_err();
    assert!(
        matches!(error.kind, ProfileErrorKind::IncludeDir { .. }),
        "{error}"
    );
}

#[test]
fn missing_includes_are_fatal() {
    let error = Memory::default()
        .file("/m", "\ninclude /none\n")
        .load(&["/m"])
        .unwrap_err();
    assert_eq!((error.file.as_path(), error.line), (Path::new("/m"), 2));
    assert_eq!(
        error.kind.mit_message(),
        "Included profile file could not be read"
    );
    let error = Memory::default()
        .file("/m", "includedir /none\n")
        .load(&["/m"])
        .unwrap_err();
    assert_eq!(
        error.kind.mit_message(),
        "Included profile directory could not be read"
    );
}

/// A file system in which every file includes another.
struct Endless(u32);

impl Loader for Endless {
    fn open(&mut self, _path: &Path) -> io::Result<Source> {
        self.0 += 1;
        Ok(Source::File(format!("include /{}\n", self.0).into_bytes()))
    }
}

/// Every file includes two others, down to a permitted depth: a million files.
struct Wide(u32);

impl Loader for Wide {
    fn open(&mut self, path: &Path) -> io::Result<Source> {
        let depth: u32 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        self.0 += 2;
        let (next, left, right) = (depth + 1, self.0, self.0 + 1);
        let text = format!("include /{next}.{left}\ninclude /{next}.{right}\n");
        Ok(Source::File(if depth == 20 {
            Vec::new()
        } else {
            text.into_bytes()
        }))
    }
}

#[test]
fn include_loops_and_too_deep_includes_are_errors() {
    let itself = Memory::default()
        .file("/m", "include /m\n")
        .load(&["/m"])
        .unwrap_err();
    assert_eq!(
        itself.kind,
        ProfileErrorKind::IncludeLoop { path: "/m".into() }
    );
    let both = Memory::default()
        .file("/m", "include /n\n")
        .file("/n", "[a]\ninclude /m\n")
        .load(&["/m"])
        .unwrap_err();
    assert_eq!((both.file.as_path(), both.line), (Path::new("/n"), 2));
    assert_eq!(
        both.kind,
        ProfileErrorKind::IncludeLoop { path: "/m".into() }
    );
    // Including the same file twice is not a loop.
    let twice = Memory::default()
        .file("/m", "include /n\ninclude /n\n")
        .file("/n", "[a]\nb=1\n");
    assert_eq!(values(&twice.load(&["/m"]).unwrap(), "a/b"), ["1", "1"]);
    let error = Profile::load_with(["/0"], &mut Endless(0)).unwrap_err();
    assert_eq!(error.kind, ProfileErrorKind::IncludeDepth);
}

#[test]
fn too_many_included_files_are_an_error() {
    let error = Profile::load_with(["/0.0"], &mut Wide(0)).unwrap_err();
    assert_eq!(error.kind, ProfileErrorKind::TooManyFiles);
}

#[test]
fn missing_or_unreadable_files_of_a_list_are_skipped() {
    let files = || {
        Memory::default()
            .file("/1", "[a]\nb = 1\n")
            .file("/2", "[a]\nb = 2\n")
    };
    assert_eq!(
        values(&files().load(&["/1", "/2"]).unwrap(), "a/b"),
        ["1", "2"]
    );
    assert_eq!(
        values(&files().load(&["", "/none", "/2"]).unwrap(), "a/b"),
        ["2"]
    );
    let nothing = Memory::default().load(&["/none"]).unwrap();
    assert_eq!(nothing.files().count(), 0);
    let denied = io::ErrorKind::PermissionDenied;
    let skipped = files().failure("/0", denied).load(&["/0", "/1"]).unwrap();
    assert_eq!(values(&skipped, "a/b"), ["1"]);
    let error = files()
        .failure("/0", denied)
        .load(&["/0", "/none"])
        .unwrap_err();
    assert!(
        matches!(
            error.kind,
            ProfileErrorKind::Unreadable { denied: true, .. }
        ),
        "{error}"
    );
    let error = files()
        .failure("/0", io::ErrorKind::InvalidInput)
        .load(&["/0", "/1"])
        .unwrap_err();
    assert!(
        matches!(
            error.kind,
            ProfileErrorKind::Unreadable { denied: false, .. }
        ),
        "{error}"
    );
}

#[test]
fn sections_and_relations_are_listed_file_by_file() {
    let profile = Memory::default()
        .file(
            "/1",
            "[realms]\nA = {\nkdc = a\n}\nx = y\n[capaths]\nA = {\nB = .\nC = B\n}\n",
        )
        .file("/2", "[realms]\nB = {\n}\n")
        .load(&["/1", "/2"])
        .unwrap();
    let names: Vec<_> = profile.subsections(&["realms"]).collect();
    assert_eq!(names, ["A", "B"]);
    let names: Vec<_> = profile.subsections(&[]).collect();
    assert_eq!(names, ["realms", "capaths", "realms"]);
    let paths: Vec<_> = profile
        .relations(&["capaths", "A"])
        .map(|located| (located.name, located.value))
        .collect();
    assert_eq!(paths, [("B", "."), ("C", "B")]);
}

#[test]
fn invalid_utf8_is_replaced() {
    let text = b"# caf\xe9\n[a]\nb = 1\nc = \xff\n".to_vec();
    let mut memory = Memory::default();
    memory.0.insert("/m".into(), Ok(Source::File(text)));
    let profile = memory.load(&["/m"]).unwrap();
    assert_eq!(values(&profile, "a/b"), ["1"]);
    assert_eq!(values(&profile, "a/c"), ["\u{fffd}"]);
}

#[test]
fn long_lines_are_not_split() {
    let long = "x".repeat(10_000);
    check(
        &format!("[a]\n# {long}\nb = {long}\nc = 1\n"),
        "a/b",
        &[&long],
    );
}

/// Quadratic behaviour would take minutes here.
#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn large_files_take_linear_time() {
    let mut text = "[a]\n".to_owned();
    for index in 0..100_000 {
        text.push_str("kdc = x\n");
        write!(text, "r{index} = {{\n}}\nr{index}* = {{\n}}\n").unwrap();
    }
    let profile = Profile::parse(&text).unwrap();
    assert_eq!(profile.values(&["a", "kdc"]).count(), 100_000);
    assert_eq!(profile.subsections(&["a"]).count(), 100_000);
}

#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn too_many_nodes_or_too_much_text_is_refused() {
    let text = "[a]\n".to_owned() + &"b=1\n".repeat(MAX_NODES);
    assert_eq!(
        Profile::parse(&text).unwrap_err().kind,
        ProfileErrorKind::TooManyNodes
    );
    let text = "#".repeat(MAX_TEXT + 1);
    assert_eq!(
        Profile::parse(&text).unwrap_err().kind,
        ProfileErrorKind::TooLarge
    );
    check(
        &("[a]\n".to_owned() + &"b = {\n".repeat(100_000)),
        "a/b",
        &[],
    );
}

const SAMPLE: &str = "\
; sample
[libdefaults]
\tdefault_realm = EXAMPLE.COM
\tticket_lifetime = 1d
\tEXAMPLE.COM = {
\t\tforwardable = true
\t}
[realms]
\tEXAMPLE.COM =
\t{
\t\tkdc = kdc1.example.com:88
\t\tkdc* = \"[2001:db8::1]:88\\t\"
\t}*
[domain_realm]*
\t.example.com = EXAMPLE.COM
include /none
";

/// Whatever the bytes, parsing ends and the result can be read.
fn survive(bytes: &[u8]) {
    let mut memory = Memory::default()
        .folder("/d", &["a"])
        .file("/d/a", "[a]\nb = 1\n");
    memory
        .0
        .insert("/m".into(), Ok(Source::File(bytes.to_vec())));
    memory
        .0
        .insert("/none".into(), Ok(Source::File(b"[realms]\n".to_vec())));
    if let Ok(profile) = Profile::load_with(["/m"], &mut memory) {
        let path = ["realms", "EXAMPLE.COM", "kdc"];
        assert!(profile.values(&path).count() <= bytes.len());
        assert!(profile.subsections(&[]).count() <= bytes.len());
        assert!(profile.relations(&["libdefaults"]).count() <= bytes.len());
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn truncations_and_bit_flips_do_not_panic() {
    survive(SAMPLE.as_bytes());
    let profile = {
        let files = Memory::default().file("/m", SAMPLE).file("/none", "");
        files.load(&["/m"]).unwrap()
    };
    assert_eq!(values(&profile, "realms/EXAMPLE.COM/kdc").len(), 2);
    for end in 0..SAMPLE.len() {
        survive(&SAMPLE.as_bytes()[..end]);
    }
    for index in 0..SAMPLE.len() * 8 {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        bytes[index / 8] ^= 1 << (index % 8);
        survive(&bytes);
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn random_edits_do_not_panic() {
    const SNIPPETS: [&str; 14] = [
        "[",
        "]",
        "{",
        "}",
        "}*",
        "=",
        "*",
        "\"",
        "\\",
        "\n",
        "include /d/a\n",
        "includedir /d\n",
        "[realms]\n",
        "a = {\n",
    ];
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(bytes.drain(at..(at + random(20)).min(bytes.len()))),
                2 => drop(bytes.splice(at..at, SNIPPETS[random(SNIPPETS.len())].bytes())),
                _ => {
                    let end = (at + random(40)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = random(bytes.len());
                    drop(bytes.splice(to..to, copy));
                }
            }
            if bytes.is_empty() {
                bytes.push(b'[');
            }
        }
        survive(&bytes);
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes in miri")]
fn load_reads_files_and_folders_from_disk() {
    let folder = TempDir::new();
    let sub = folder.join("conf.d");
    std::fs::create_dir(&sub).unwrap();
    let text = format!("includedir {}\n[a]\nb = main\n", sub.display());
    let main = folder.write("krb5.conf", text);
    std::fs::write(sub.join("x.conf"), "[a]\nb = x\n").unwrap();
    std::fs::write(sub.join("x.conf~"), "[a]\nb = backup\n").unwrap();
    let missing = folder.join("missing");
    let profile = Profile::load([&missing, &main]).unwrap();
    assert_eq!(values(&profile, "a/b"), ["x", "main"]);
    let profile = Profile::load([&sub]).unwrap();
    assert_eq!(values(&profile, "a/b"), ["x"]);
    assert_eq!(Profile::load([&missing]).unwrap().files().count(), 0);
    assert_eq!(Profile::load(["/dev/null"]).unwrap().files().count(), 1);
    let error = Profile::load(["/dev/zero"]).unwrap_err();
    assert_eq!(error.kind, ProfileErrorKind::TooLarge);
}

#[test]
#[cfg_attr(miri, ignore = "a system call that miri lacks")]
fn pipe_named_directly_is_read_and_included_pipe_is_refused() {
    use std::os::fd::AsRawFd as _;

    let folder = TempDir::new();
    let sub = folder.join("conf.d");
    std::fs::create_dir(&sub).unwrap();
    let pipe = sub.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let refusal = |path: &Path| Profile::load([path]).unwrap_err().to_string();
    let alone = format!("{}: it is a pipe that nobody writes to", pipe.display());
    assert_eq!(refusal(&pipe), alone);
    let including = folder.join("krb5.conf");
    for (word, path) in [("include", &pipe), ("includedir", &sub)] {
        std::fs::write(&including, format!("{word} {}\n", path.display())).unwrap();
        let expected = format!(
            "{}, line 1: included file {} cannot be read: it is a pipe; only files are included",
            including.display(),
            pipe.display()
        );
        assert_eq!(refusal(&including), expected);
    }

    // It waits for a writer, however slow it is.
    let text = format!("[a]\nb = {}\n", "x".repeat(200_000));
    let write = |mut to: &std::fs::File| {
        use std::io::Write as _;
        for piece in text.as_bytes().chunks(70_000) {
            std::thread::sleep(std::time::Duration::from_millis(20));
            to.write_all(piece).unwrap();
        }
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            write(&std::fs::OpenOptions::new().write(true).open(&pipe).unwrap());
        });
        let profile = loop {
            match Profile::load([&pipe]) {
                Err(error) if error.to_string() == alone => std::thread::yield_now(),
                result => break result.unwrap(),
            }
        };
        writer.join().unwrap();
        assert_eq!(values(&profile, "a/b").concat().len(), 200_000);
    });
    let (reader, writer) = io::pipe().unwrap();
    let given = format!("/dev/fd/{}", reader.as_raw_fd());
    std::thread::scope(|scope| {
        scope.spawn(move || write(&std::fs::File::from(std::os::fd::OwnedFd::from(writer))));
        let profile = Profile::load([given]).unwrap();
        assert_eq!(values(&profile, "a/b").concat().len(), 200_000);
    });
}
