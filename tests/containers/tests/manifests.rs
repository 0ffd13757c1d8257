//! Validates the recipes in docs/deploy against the schemas of the programs that read them. Recipes
//! that are validated by running them are in `compose.rs` and `systemd.rs`.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::path::{Path, PathBuf};

use test_support::{Finished, Place, TempDir, Tool, parts};

fn deploy() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploy");
    folder.canonicalize().expect("docs/deploy exists")
}

/// Validates the recipes in `deploy`.
fn validate(deploy: &Path) -> Finished {
    let rendered = Tool::new("/usr/bin/kubectl")
        .arg("kustomize")
        .arg(deploy.join("kubernetes"))
        .env("HOME", "/nonexistent")
        .run()
        .success();
    Tool::new("/usr/bin/python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests.py"))
        .arg(deploy)
        .env("PYTHONPATH", parts::schemas())
        .stdin(rendered.stdout)
        .limit(std::time::Duration::from_secs(100))
        .run()
}

#[test]
#[cfg_attr(
    not(schemas),
    ignore = "needs kubectl, kubernetes-validate and botocore: cargo xtask install"
)]
fn kubernetes_and_ecs_recipes_match_their_schemas() {
    let run = validate(&deploy()).success();
    assert_eq!(run.stdout(), "valid\n");
}

#[test]
#[cfg_attr(
    not(schemas),
    ignore = "needs kubectl, kubernetes-validate and botocore: cargo xtask install"
)]
fn mistakes_in_recipes_are_found_by_the_schemas() {
    let copy = TempDir::new();
    let check = |file: &str, old: &str, new: &str| {
        let cp = Tool::new("cp").args(["-R", "-T"]).arg(deploy());
        cp.arg(copy.path()).run().success();
        let path = copy.join(file);
        let text = std::fs::read_to_string(&path).expect("the recipe exists");
        assert!(text.contains(old), "{file} has {old}");
        copy.write(file, text.replace(old, new));
        let run = validate(copy.path()).exits(1);
        assert!(run.stderr().contains(new), "{run}");
    };
    let deployment = "kubernetes/deployment.yaml";
    check(deployment, "readOnlyRootFilesystem", "readOnlyRootFile");
    check("ecs-task.json", "startPeriod", "startPeriodd");
    check("ecs-task.json", "HEALTHY", "WELL");
}

#[test]
#[cfg_attr(not(systemd), ignore = "needs systemd-analyze: cargo xtask install")]
fn systemd_unit_passes_systemd_analyze() {
    let place = Place::new(&"");
    let unit =
        std::fs::read_to_string(deploy().join("rekinit.service")).expect("the systemd unit exists");
    let binary = place.write("rekinit", "");
    std::fs::copy("/bin/true", &binary).expect("the folder is writable");
    let here = binary.to_str().expect("temporary paths are UTF-8");
    let unit = place.write("rekinit.service", unit.replace("/usr/bin/rekinit", here));
    let verify = Tool::new("/usr/bin/systemd-analyze").args(["verify", "--man=no"]);
    let run = verify.arg(unit).run().success();
    assert_eq!(run.stderr(), "", "{run}");
}
