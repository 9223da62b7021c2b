//! The page that follows the site: a fresh list whenever events were committed, and every few seconds so that leavers go.

use std::time::Duration;

use askama::Template;
use attune_house::App;
use attune_web::{Frame, Lang, Scope, Web, sse};
use axum::response::Response;
use futures::stream;

use super::pages::LivePart;
use super::view::Line;
use super::{LIVE_US, list_live};
use crate::contact::score::Scale;

/// No more often than this is the list sent anew.
const AT_MOST_EVERY: Duration = Duration::from_millis(800);
/// At least this often, so that those who left disappear.
const AT_LEAST_EVERY: Duration = Duration::from_secs(15);

/// The list as it is now.
pub(super) async fn lines(web: &Web, l: &Lang, scope: &Scope) -> Result<Vec<Line>, attune_kernel::Fault> {
    let mut tx = web.db.read().await?;
    let visits = list_live(&mut tx, scope, web.clock.now() - LIVE_US).await?;
    let scale = Scale::read(&mut tx, web.clock.now()).await?;
    Ok(visits.into_iter().map(|visit| Line::new(l, &scale, visit)).collect())
}

/// The list, again and again.
pub(super) fn stream_of(app: App, l: Lang, scope: Scope) -> Response {
    let heard = app.db.listen(attune_events::SIGNAL);
    let frames = stream::unfold((app, l, scope, heard, true), |(app, l, scope, mut heard, first)| async move {
        if !first {
            tokio::time::sleep(AT_MOST_EVERY).await;
            tokio::select! { _ = heard.changed() => {}, () = tokio::time::sleep(AT_LEAST_EVERY) => {} }
        }
        heard.mark_unchanged();
        let lines = lines(&app, &l, &scope).await.ok()?;
        let part = LivePart { l: l.clone(), now: app.clock.now(), lines };
        let data = part.render().ok()?;
        Some((Frame { name: "", data }, (app, l, scope, heard, false)))
    });
    sse(frames)
}
