//! The source tree: which files there are and which crate each belongs to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders never looked into.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "vendor"];

/// All files of the workspace, read once.
pub struct Tree {
    root: PathBuf,
    files: Vec<File>,
}

/// One text file.
pub struct File {
    /// The path from the workspace root, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

impl File {
    /// The crate's folder: `base/db`, `rooms/sell`, `dev/xtask`, `attune`.
    pub fn krate(&self) -> &str {
        let depth = if self.path.starts_with("attune/") { 1 } else { 2 };
        match self.path.match_indices('/').nth(depth - 1) {
            Some((at, _)) => self.path.get(..at).unwrap_or(&self.path),
            None => &self.path,
        }
    }

    /// The room's name, for files below `rooms/`.
    pub fn room(&self) -> Option<&str> {
        self.krate().strip_prefix("rooms/")
    }

    /// Whether the file is a test as a whole: `tests.rs`, or below a folder `tests/`, `benches/`, `examples/`.
    pub fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
            || parts.any(|part| matches!(part, "tests" | "benches" | "examples"))
    }

    /// Whether the file belongs to the product: `base/`, `rooms/` or `attune/`.
    pub fn is_product(&self) -> bool {
        ["base/", "rooms/", "attune/"].iter().any(|folder| self.path.starts_with(folder))
    }

    /// The line (from 1) of the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

impl Tree {
    /// Reads the workspace this program was built from.
    pub fn open() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().context("finding the workspace")?;
        Self::at(root)
    }

    /// Reads the tree below `root`.
    pub fn at(root: PathBuf) -> Result<Self> {
        let mut files = Vec::new();
        for folder in ["attune", "base", "rooms", "dev"] {
            let folder = root.join(folder);
            if folder.is_dir() {
                collect(&root, &folder, &mut files)?;
            }
        }
        files.sort_by(|a: &File, b: &File| a.path.cmp(&b.path));
        Ok(Self { root, files })
    }

    /// The workspace's root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every file whose name ends in `.extension`.
    pub fn files<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.rsplit_once('.').is_some_and(|(_, end)| end == extension))
    }

    /// The Rust files of the product that are not tests as a whole.
    pub fn product_rust(&self) -> impl Iterator<Item = &File> {
        self.files("rs").filter(|file| file.is_product() && !file.is_test())
    }

    /// The file at `path` (from the root), when it is there.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Migrations of the product in the order they run: by file name over all crates.
    pub fn migrations(&self) -> Vec<&File> {
        let mut found: Vec<&File> = self.files("sql").filter(|file| file.is_product() && file.path.contains("/migrations/")).collect();
        found.sort_by_key(|file| file.path.rsplit('/').next().unwrap_or_default().to_owned());
        found
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                collect(root, &path, files)?;
            }
            continue;
        }
        let wanted =
            path.extension().is_some_and(|end| ["rs", "html", "sql", "ftl", "js", "toml", "txt"].iter().any(|known| end == *known));
        if !wanted {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let from_root = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        files.push(File { path: from_root, text });
    }
    Ok(())
}
