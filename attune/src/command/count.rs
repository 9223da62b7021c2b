//! `attune count`.

use attune_db::{params, sql};
use attune_differentiate::segment;
use attune_web::Actor;
use serde_json::json;

use super::{Ended, Outcome, Say};
use crate::cli::Count;
use crate::config::Config;

pub(super) async fn run(config: &Config, store: &str, args: &Count, say: &Say) -> Outcome {
    if args.segment.is_some() && args.what != "contacts" {
        return Ok(Ended::WrongUse(say.l().t("cli-count-segment-only").to_string()));
    }
    let booted = crate::boot::boot_beside(config, store).await?;
    booted.collector.settled().await;
    let app = booted.app;
    let mut tx = app.db.read().await?;
    let count = match (args.what.as_str(), &args.segment) {
        ("contacts", Some(rule)) => {
            let now = attune_kernel::Clock::system().now();
            let facets = attune_interact::audience::facets(app.house());
            let found = match segment::select_text(&mut tx, rule, segment::Asking::Once(&Actor::system()), &facets, now).await {
                Ok(found) => found,
                Err(error) => return Ok(Ended::WrongUse(error.to_string())),
            };
            segment::count(&mut tx, &found).await?
        }
        ("contacts", None) => tx.count(sql!("SELECT count(*) FROM v_identify_contact"), params![]).await?,
        ("companies", _) => tx.count(sql!("SELECT count(*) FROM v_identify_company"), params![]).await?,
        _ => tx.count(sql!("SELECT count(*) FROM events"), params![]).await?,
    };
    say.result(&json!({ "count": count }), say.l().count(count));
    Ok(Ended::Well)
}
