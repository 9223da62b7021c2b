//! Names that say nothing attract everything: they are not allowed as modules or folders.

use super::Finding;
use crate::tree::Tree;

const FORBIDDEN: &[&str] =
    &["utils", "util", "common", "core", "shared", "manager", "managers", "helper", "helpers", "misc", "data", "new2", "types", "models"];

/// Looks at every folder and file name of the product and of the chores.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files("rs") {
        let source = file.path.split('/').skip_while(|part| *part != "src").skip(1);
        for part in source {
            let name = part.strip_suffix(".rs").unwrap_or(part);
            if FORBIDDEN.contains(&name) {
                findings.push(Finding::at(&file.path, format!("{name:?} is no name for a module: name the noun or the act")));
            }
        }
    }
    findings
}
