//! MIT and Heimdal read what our library writes: keytabs and caches, new ones, extended ones, and
//! ones with removed entries.

use std::error::Error;
use std::fs;

use interop::check_same;
use kerberos_files::ccache::{CcacheBuilder, CcacheFile, Header, Version};
use kerberos_files::keytab::KeytabFile;
use test_support::{Finished, HeimdalRealm, MitRealm};

/// A listing without its first line, which contains the file name.
fn entries(listing: &Finished) -> String {
    listing
        .stdout()
        .split_once('\n')
        .map(|(_, rest)| rest.to_owned())
        .unwrap_or_default()
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_reads_and_adds_to_our_keytabs() -> Result<(), Box<dyn Error>> {
    let realm = MitRealm::start();
    let place = realm.place();
    for name in ["robot", "rotated", "batch", "services", "users"] {
        let theirs = realm.keytab(name);
        let ours = KeytabFile::new(place.path(name));
        ours.add(&KeytabFile::new(&theirs).entries()?)?;
        let list = |path| {
            place
                .mit("klist")
                .line("-k -t -e -K")
                .arg(path)
                .run()
                .success()
        };
        assert_eq!(entries(&list(ours.path())), entries(&list(&theirs)));
    }
    let robot = place.path("robot");
    place
        .mit("kinit")
        .line("-k -t")
        .arg(&robot)
        .arg("robot")
        .run()
        .success();
    // MIT's ktutil appends to a file that we wrote, and reads a file that we appended to.
    let script = format!("rkt {}\nwkt {}\n", place.text("batch"), place.text("robot"));
    place.mit("ktutil").stdin(script).run().success();
    let both = KeytabFile::new(&robot);
    both.add(&KeytabFile::new(realm.keytab("rotated")).entries()?)?;
    let principals = |file: &KeytabFile| -> Result<Vec<String>, Box<dyn Error>> {
        Ok(file
            .entries()?
            .iter()
            .map(|entry| entry.principal.to_string())
            .collect())
    };
    let all = principals(&both)?;
    assert_eq!(all.len(), 8 + 8 + 16, "{all:?}");
    // Removed entries leave holes, which MIT skips, and reuses.
    assert_eq!(both.remove(|entry| entry.kvno() == 2)?, 8);
    check_same(&place, "klist", &format!("-kteK {}", robot.display()), "").success();
    place
        .mit("ktutil")
        .stdin(script_again(
            &place.text("batch"),
            &robot.display().to_string(),
        ))
        .run();
    check_same(&place, "klist", &format!("-kteK {}", robot.display()), "").success();
    assert_eq!(principals(&both)?.len(), 8 + 8 + 8 + 8);
    place
        .mit("kinit")
        .line("-k -t")
        .arg(&robot)
        .arg("batch/one.mit.test")
        .run()
        .success();
    Ok(())
}

fn script_again(from: &str, to: &str) -> String {
    format!("rkt {from}\nwkt {to}\n")
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn heimdal_reads_our_keytabs() -> Result<(), Box<dyn Error>> {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let theirs = realm.keytab("robot");
    let ours = KeytabFile::new(place.path("ours"));
    ours.add(&KeytabFile::new(&theirs).entries()?)?;
    let list = |path: &std::path::Path| {
        place
            .heimdal("ktutil")
            .arg("-k")
            .arg(path)
            .line("list --keys --timestamp")
            .run()
            .success()
    };
    let body = |run: &Finished| {
        run.stdout()
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(body(&list(ours.path())), body(&list(&theirs)));
    let keytab = format!("--keytab={}", ours.path().display());
    place
        .heimdal("kinit")
        .arg(keytab)
        .arg("robot")
        .run()
        .success();
    Ok(())
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn mit_reads_and_adds_to_our_caches() -> Result<(), Box<dyn Error>> {
    let realm = MitRealm::start();
    let place = realm.place();
    place
        .mit("kinit")
        .line("-f -r 2d alice")
        .stdin("wonderland\n")
        .run()
        .success();
    place
        .mit("kvno")
        .line("host/a.mit.test only/des3")
        .run()
        .success();
    let list = || place.mit("klist").line("-e -f -a -n -C").run().success();
    let expected = list().stdout();
    let original = fs::read(place.cache())?;
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        place.write("cache", &original);
        let file = CcacheFile::new(place.cache());
        let mut reader = file.open()?;
        let mut builder =
            CcacheBuilder::new(&Header::new(version, None), reader.default_principal())?;
        while let Some(entry) = reader.next()? {
            builder.copy(&entry)?;
        }
        file.replace_with(&builder)?;
        assert_eq!(list().stdout(), expected, "{version:?}");
        // MIT appends to the file, then we append, and remove what MIT added.
        place.mit("kvno").arg("HTTP/a.mit.test").run().success();
        let mut reader = file.open()?;
        let mut first = None;
        while let Some(entry) = reader.next()? {
            if !entry.is_config() {
                first = first.or(Some(entry.to_credential()));
            }
        }
        drop(reader);
        file.append(first.as_ref())?;
        let removed =
            file.remove(|entry| entry.server().components().next() == Some(&b"HTTP"[..]))?;
        assert_eq!(removed, 1);
        let listed = list().stdout();
        assert!(!listed.contains("HTTP/"), "{listed}");
        check_same(&place, "klist", "-e -f -a -n -C", "").success();
        place.mit("kvno").arg("host/b.mit.test").run().success();
    }
    Ok(())
}
