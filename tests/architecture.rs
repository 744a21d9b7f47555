//! The tidy test: reads `src/` as text and says where the tree departs from ARCHITECTURE.md, all places at once.

#[path = "architecture/examples.rs"]
mod examples;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use rules::{Finding, RULES, forgotten_sql, missing_entries, unequal_migrations};
use source::Source;

#[test]
fn the_tree_is_as_architecture_md_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read(root, Path::new("src"), &mut sources);
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    let index = sources.iter().find(|source| source.path == "src/store/mod.rs").expect("the store has an index");
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| sources.iter().flat_map(rule)).collect();
    findings.extend(sources.iter().flat_map(|source| forgotten_sql(index, source)));
    let names =
        |folder: &str| list(&root.join("migrations").join(folder)).iter().map(|path| name(path)).collect::<Vec<_>>();
    findings.extend(unequal_migrations(&names("sqlite"), &names("postgres")));
    findings.extend(missing_entries(|entry| root.join(entry).exists()));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    assert!(findings.is_empty(), "{} departures from the architecture, listed above", findings.len());
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn read(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for path in list(&root.join(folder)) {
        let below = folder.join(name(&path));
        if path.is_dir() {
            read(root, &below, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source::new(&below.to_string_lossy(), &fs::read_to_string(&path).unwrap()));
        }
    }
}
