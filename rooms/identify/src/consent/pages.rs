//! Consent on the contact page.
