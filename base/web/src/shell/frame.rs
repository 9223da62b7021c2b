//! What is the same on every page, drawn once: compiled into each page it was most of what a page compiles to.

use askama::Template;

use super::Shell;
use crate::kit::drawn;

macro_rules! part {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            shell: &'a Shell,
        }
    };
}

part!(Head, "shell_head.html");
part!(Frame, "shell_frame.html");
part!(Foot, "shell_foot.html");
part!(PlainFrame, "plain_frame.html");
part!(PlainFoot, "plain_foot.html");

impl Shell {
    /// From `<html>` to the title.
    pub fn head(&self) -> String {
        drawn(&Head { shell: self })
    }

    /// From the scripts to the beginning of the sheet.
    pub fn frame(&self) -> String {
        drawn(&Frame { shell: self })
    }

    /// From the end of the sheet to the end of the page.
    pub fn foot(&self) -> String {
        drawn(&Foot { shell: self })
    }

    /// As [`Shell::frame`], for a page without navigation.
    pub fn plain_frame(&self) -> String {
        drawn(&PlainFrame { shell: self })
    }

    /// As [`Shell::foot`], for a page without navigation.
    pub fn plain_foot(&self) -> String {
        drawn(&PlainFoot { shell: self })
    }
}
