//! Our bug or the world's: what a user sees only as a reference number.

use std::fmt;

/// An error nobody on this page can mend: the database is gone, the disk is full, an invariant broke.
///
/// The chain of causes is for the log; pages show a reference only.
pub struct Fault {
    context: Vec<String>,
    source: Box<dyn std::error::Error + Send + Sync + 'static>,
}

impl Fault {
    /// Makes a fault from a sentence (lowercase, no full stop, naming the thing).
    pub fn new(what: impl Into<String>) -> Self {
        Self { context: Vec::new(), source: what.into().into() }
    }

    /// Adds what was being attempted; the newest context is printed first.
    #[must_use]
    pub fn context(mut self, what: impl Into<String>) -> Self {
        self.context.push(what.into());
        self
    }

    /// Looks for a cause of type `E` in the chain.
    pub fn find<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self.source.as_ref());
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<E>() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in self.context.iter().rev() {
            write!(f, "{what}: ")?;
        }
        write!(f, "{}", self.source)?;
        let mut next = self.source.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { context: Vec::new(), source: Box::new(error) }
    }
}
