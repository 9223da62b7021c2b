//! Argon2id with the parameters of OWASP's first choice (19 MiB, 2 passes, 1 lane), off the async threads.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use attune_kernel::Fault;

/// Hashes a password with a fresh salt; the result is a PHC string.
pub async fn hash_password(password: &str) -> Result<String, Fault> {
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())).await?;
    hashed.map_err(|e| Fault::new(format!("the password was not hashed: {e}")))
}

/// Whether `password` is the one behind `hash`.
pub async fn verify_password(password: &str, hash: &str) -> Result<bool, Fault> {
    let (password, hash) = (password.to_owned(), hash.to_owned());
    let checked = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    });
    Ok(checked.await?)
}
