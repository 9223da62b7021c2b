//! The templates a fresh installation begins with: a welcome and an offer, in each language.

use attune_db::Tx;
use attune_kernel::{Fault, Ids};

use super::{TemplateDraft, TemplateError, TemplateId, create};

/// The welcome in English.
const WELCOME_EN: &str = include_str!("starter/welcome.en.mjml");
const WELCOME_ZH: &str = include_str!("starter/welcome.zh-CN.mjml");
const OFFER_EN: &str = include_str!("starter/offer.en.mjml");
const OFFER_ZH: &str = include_str!("starter/offer.zh-CN.mjml");

/// Creates the starter templates, whose buttons lead to `site` (an address without a slash at the end). The setup calls it once.
pub async fn seed_starters(tx: &mut Tx, ids: &Ids, now: i64, site: &str) -> Result<Vec<TemplateId>, Fault> {
    let mut made = Vec::new();
    for draft in drafts(site) {
        made.push(create(tx, ids, now, &draft, None).await.map_err(|e| match e {
            TemplateError::Fault(fault) => fault,
            TemplateError::Compile(error) => Fault::from(error),
        })?);
    }
    Ok(made)
}

pub(super) fn drafts(site: &str) -> Vec<TemplateDraft> {
    let draft = |name: &str, language: &str, subject: &str, preheader: &str, mjml: &str| TemplateDraft {
        name: name.to_owned(),
        language: language.to_owned(),
        subject: subject.to_owned(),
        preheader: preheader.to_owned(),
        mjml: mjml.replace("https://site.example", site),
    };
    vec![
        draft(
            "Welcome",
            "en",
            "Good to have you here, {{ contact.given_name | default(\"hello\") }}",
            "What you can expect from us, and how often",
            WELCOME_EN,
        ),
        draft(
            "An offer that runs for a week",
            "en",
            "{{ contact.given_name | default(\"Hello\") }}, this is yours until Sunday",
            "One click, and we keep it for you",
            OFFER_EN,
        ),
        draft("欢迎", "zh-CN", "{{ contact.name | default(\"您好\") }}，很高兴认识您", "您会收到什么，多久收到一次", WELCOME_ZH),
        draft(
            "一周有效的优惠",
            "zh-CN",
            "{{ contact.name | default(\"您好\") }}，这份优惠为您保留到周日",
            "点一下，我们就为您留着",
            OFFER_ZH,
        ),
    ]
}
