//! Every part of the component kit on one page: what the accessibility tests run over and where room authors look first.

use askama::Template;
use serde::Deserialize;

use crate::kit::{Choice, Tab};
use crate::{Answer, Flash, Form, FormErrors, Shell, SignedIn};

/// The fields as typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GalleryForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    seats: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    agree: String,
    #[serde(default)]
    plan: String,
}

impl GalleryForm {
    fn check(&self) -> FormErrors {
        let mut errors = FormErrors::new();
        errors.required("name", &self.name, 80);
        if !self.email.contains('@') {
            errors.add("email", "web-not-an-email");
        }
        errors.number("seats", &self.seats, 1, 500);
        errors
    }
}

#[derive(Template)]
#[template(path = "gallery.html", blocks = ["form"])]
struct GalleryPage {
    shell: Shell,
    form: GalleryForm,
    errors: FormErrors,
    plans: Vec<Choice>,
    tabs: Vec<Tab>,
    next: Option<String>,
}

impl GalleryPage {
    fn new(shell: Shell, form: GalleryForm, errors: FormErrors) -> Self {
        let l = &shell.l;
        let plans = vec![Choice::new("month", l.t("web-gallery-plan-a")), Choice::new("year", l.t("web-gallery-plan-b"))];
        let tabs = vec![
            Tab::new("/ui", l.t("web-gallery-all"), true).count(l.count(2418)),
            Tab::new("/ui?view=mine", l.t("web-gallery-mine"), false),
        ];
        Self { shell, form, errors, plans, tabs, next: Some("/ui?after=1".to_owned()) }
    }
}

/// GET /ui
pub(crate) async fn page(_: SignedIn, shell: Shell) -> Answer {
    let form = GalleryForm { email: "lena@brandt".to_owned(), seats: "12".to_owned(), ..GalleryForm::default() };
    let mut errors = FormErrors::new();
    errors.add("email", "web-not-an-email");
    let page = GalleryPage::new(shell, form, errors);
    Ok(page.shell.page(&page))
}

/// POST /ui
pub(crate) async fn submit(_: SignedIn, shell: Shell, Form(form): Form<GalleryForm>) -> Answer {
    let errors = form.check();
    if errors.is_empty() {
        return Ok(shell.leave("/ui", Flash::good("web-gallery-saved").s("name", &form.name).undo("/ui")));
    }
    let page = GalleryPage::new(shell, form, errors);
    Ok(page.shell.again(&page, &page.as_form()))
}
