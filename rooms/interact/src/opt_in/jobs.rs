//! The job that mails the question.

use std::sync::Arc;

use attune_courier::{Courier, Mail, Mailbox, Outcome, Outgoing, seal};
use attune_house::{Parts, setting_text};
use attune_identify::consent::{self, State};
use attune_identify::contact;
use attune_jobs::{BoxFuture, JobContext, JobDef, Run, Verdict};
use attune_kernel::{Fault, Locale, MINUTE_US};
use attune_web::Secret;

use super::token;
use crate::rules;

/// The kind of the job.
pub(super) const ASK_JOB: &str = "interact.ask_confirmation";
/// How soon it is tried again while the relay takes nothing.
const AGAIN_US: i64 = 5 * MINUTE_US;

/// The kind of job.
pub(crate) fn def(parts: &Parts) -> JobDef {
    let ask = Ask { courier: parts.courier.clone(), secret: parts.secret.clone(), public_url: parts.public_url.clone() };
    JobDef { kind: ASK_JOB, max_attempts: 100, run: Arc::new(ask) }
}

struct Ask {
    courier: Courier,
    secret: Secret,
    public_url: String,
}

impl Run for Ask {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let payload: serde_json::Value = serde_json::from_str(payload)?;
            let id = payload.get("consent_id").and_then(serde_json::Value::as_i64).unwrap_or_default();
            self.ask(context, id).await
        })
    }
}

/// The words of the mail in a language, where no setting says others.
fn words(locale: Locale, name: &str) -> (String, String) {
    match locale {
        Locale::ZhCn => (
            format!("请确认接收 {name} 的邮件"),
            format!("有人（可能是您）用此地址申请接收 {name} 的邮件。如果是您本人，请打开链接并确认。如果不是，无需操作，不会再有邮件。"),
        ),
        Locale::En => (
            format!("Confirm that you want mail from {name}"),
            format!(
                "Somebody, probably you, asked for mail from {name} to this address. If it was you, open the link and confirm. If not, do nothing: no mail will come."
            ),
        ),
    }
}

impl Ask {
    async fn ask(&self, context: &JobContext, consent_id: i64) -> Result<Verdict, Fault> {
        let bench = &context.bench;
        let mut tx = bench.db.read().await?;
        // Erased, or withdrawn meanwhile: nobody is asked any more.
        let Some(line) = consent::find(&mut tx, consent_id).await? else { return Ok(Verdict::Done(None)) };
        let held = consent::states(&mut tx, crate::CHANNEL, [line.said.contact_id]).await?;
        let person = contact::list_by_ids(&mut tx, [line.said.contact_id]).await?.into_iter().next();
        let (Some(person), Some(State::Pending)) = (person, held.get(&line.said.contact_id)) else { return Ok(Verdict::Done(None)) };
        let Some(to) = person.raw_email().map(|email| email.trim().to_owned()) else { return Ok(Verdict::Done(None)) };
        let (from_name, from_address) = rules::default_sender(&mut tx).await?;
        let signers = rules::signers(&mut tx, &from_address).await?;
        let locale = person.locale.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or_default();
        let (own_subject, own_text) = words(locale, &from_name);
        let subject = setting_text(&mut tx, "interact.double_opt_in_subject", "").await?;
        let text = setting_text(&mut tx, "interact.double_opt_in_text", "").await?;
        drop(tx);
        let subject = if subject.is_empty() { own_subject } else { subject };
        let text = if text.is_empty() { own_text } else { text };
        let link = format!("{}/m/y/{}", self.public_url, token(&self.secret, consent_id, &to));
        let domain = from_address.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
        let mail = Mail {
            from: Mailbox::named(from_name, &from_address),
            to: vec![Mailbox::new(&to)],
            reply_to: None,
            subject,
            html: html(locale, &text, &link),
            text: format!("{text}\n\n{link}\n"),
            headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
            message_id: format!("y{consent_id}@{domain}"),
            return_path: from_address,
        };
        let envelope = seal(&Outgoing { id: consent_id, recipient: to, mail }, &signers, bench.clock.now())?;
        Ok(match self.courier.deliver(vec![envelope]).recv().await {
            Some((_, Outcome::NotSent { reason })) => Verdict::Retry(AGAIN_US, reason),
            // Refused for good or in doubt: the person can ask again, and is never mailed twice for one request.
            _ => Verdict::Done(None),
        })
    }
}

/// The mail's HTML part: the text as it is, and the link.
fn html(locale: Locale, text: &str, link: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    let style = "font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#1b2126";
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"></head><body style=\"{style};padding:16px\"><p>{text}</p><p><a href=\"{link}\">{link}</a></p></body></html>",
        locale.tag()
    )
}
