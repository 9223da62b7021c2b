//! Who is signed in where. A session is a random token in a cookie; the store keeps only its SHA-256.
//!
//! Guards that a stolen database opens no session, and that guessing passwords is slow.

mod doorman;
pub(crate) mod pages;
mod store;

use attune_db::{DbError, Tx};
use attune_kernel::{DAY_US, Fault, Ids};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::staff::{self, Staff};
pub use doorman::StaffDoorman;
pub use store::{SessionRow, end, end_all, list_sessions};

/// A session ends after so many days without being used.
pub const SESSION_DAYS: i64 = 30;

/// 256 random bits, for a cookie or an API key.
pub fn fresh_token() -> Result<String, Fault> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::new("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The SHA-256 of a token in hex.
pub fn token_hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The member of staff with this address and password. A wrong address takes as long as a wrong password.
pub async fn check_password(tx: &mut Tx, email: &str, password: &str) -> Result<Option<Staff>, Fault> {
    /// The hash of a password nobody knows.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$0000000000000000000000000000000000000000000";
    let found = staff::find_by_email(tx, email).await?;
    let hash = found.as_ref().map_or(NOBODY, |staff| staff.password_hash.as_str());
    let right = staff::verify_password(password, hash).await?;
    Ok(found.filter(|staff| right && staff.active))
}

/// Opens a session; answers the token for the cookie.
pub async fn open(tx: &mut Tx, ids: &Ids, now: i64, staff_id: i64, agent: &str) -> Result<String, Fault> {
    let token = fresh_token()?;
    let agent: String = agent.chars().take(200).collect();
    store::insert(tx, ids.next(), staff_id, &token_hash(&token), &agent, now, now + SESSION_DAYS * DAY_US).await?;
    store::forget_expired(tx, now).await?;
    Ok(token)
}

/// Ends the session of this token.
pub async fn close(tx: &mut Tx, token: &str) -> Result<(), DbError> {
    store::end_token(tx, &token_hash(token)).await
}
