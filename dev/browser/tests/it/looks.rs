//! Every page with data, in both languages, light and dark, at the desk and on the phone: no accessibility rule broken, nothing over
//! the edge, no text missing, no complaint of the browser; and the pictures of the guide.

use attune_browser::{Attune, Look, Scheme};

use crate::ground;
use crate::person::Person;

/// A page: its name for pictures, its address, and which of its links are looked at too.
struct Stop(&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The line of a list that leads to what it is about.
const FIRST: &str = "[data-rows] th a, table.table tbody th a";

/// The navigation, and one of each thing behind it.
const STOPS: &[Stop] = &[
    Stop("today", "/", &[("changes", "main a[href^=\"/today/changes\"]")]),
    Stop("contacts", "/contacts", &[("contact", FIRST)]),
    Stop("contacts-found", "/contacts?q=王芳&stage=lead", &[]),
    Stop("contacts-none", "/contacts?q=nobody", &[]),
    Stop("contact-new", "/contacts/new", &[]),
    Stop("contacts-export", "/contacts/export", &[]),
    Stop("contact-lena", "/contacts?q=Lena", &[("contact-known", FIRST)]),
    Stop("erasures", "/contacts/erased", &[("erasure", FIRST)]),
    Stop("duplicates", "/contacts/duplicates", &[("merge", "main a.btn[href^=\"/contacts/merge\"]")]),
    Stop("duplicates-apart", "/contacts/duplicates?show=apart", &[]),
    Stop("duplicates-companies", "/companies/duplicates", &[("merge-companies", "main a.btn[href^=\"/companies/merge\"]")]),
    Stop("questions", "/contacts/questions", &[("question", FIRST)]),
    Stop("question-new", "/contacts/questions/new", &[]),
    Stop("views", "/contacts/views", &[]),
    Stop("bulk-edits", "/contacts/edits", &[]),
    Stop("bulk-edit-new", "/contacts/edits/new?all=1&query=stage%3Dlead&key=city&value=Bonn&look=1", &[]),
    Stop("contacts-board", "/contacts?layout=board", &[]),
    Stop("contacts-board-own", "/contacts?layout=board&by=f:tier", &[]),
    Stop("contacts-map", "/contacts?layout=map", &[]),
    Stop("contacts-place", "/contacts?postcode=20&located=1&cols=street,postal_code,city,region,country,coordinates", &[]),
    Stop("contacts-columns", "/contacts?cols=city,company,tags,score&arrange=1", &[]),
    Stop("tags", "/contacts/tags", &[("tag-merge", "main a[href$=\"/merge\"]")]),
    Stop("topics", "/contacts/topics", &[("topic", FIRST)]),
    Stop("fields", "/contacts/fields", &[("field-options", "main a[href$=\"/options\"]")]),
    Stop("contacts-own", "/contacts?field=tier&cols=company,stage,score,f:tier,f:budget,city,tags,created&with=likes%3Dink", &[]),
    Stop("contacts-named", "/contacts?field=referee&upto=a&cols=company,f:referee&with=referee%3Dset", &[]),
    Stop("codes", "/codes", &[("code", FIRST)]),
    Stop("code-new", "/codes/new", &[]),
    Stop("places", "/places", &[("place", FIRST)]),
    Stop("place-new", "/places/new", &[]),
    Stop("devices", "/devices", &[("device", FIRST)]),
    Stop("device-new", "/devices/new?q=a", &[]),
    Stop("companies", "/companies", &[("company", FIRST)]),
    Stop("companies-map", "/companies?layout=map", &[]),
    Stop("companies-columns", "/companies?cols=people,tags,owner,city&arrange=1&view=mine", &[]),
    Stop("company-new", "/companies/new", &[]),
    Stop("company-views", "/companies/views", &[]),
    Stop("company-edits", "/companies/edits", &[]),
    Stop("company-edit-new", "/companies/edits/new?all=1&key=city&value=Bonn&look=1", &[]),
    Stop("companies-export", "/companies/export", &[]),
    Stop("imports", "/imports", &[("import", FIRST)]),
    Stop("import-new", "/imports/new", &[]),
    Stop("visitors", "/visitors", &[]),
    Stop("visits", "/visitors?show=people", &[("visit", FIRST)]),
    Stop("machines", "/visitors?show=machines", &[("visit-machine", FIRST)]),
    Stop("internal", "/visitors?show=internal", &[]),
    Stop("replay", "/visitors/replay", &[]),
    Stop("segments", "/segments", &[("segment", FIRST), ("segment-members", "a.fig[href$=\"/members\"]")]),
    Stop("segment-new", "/segments/new", &[]),
    Stop("segment-company", "/segments/new?do=text&text=company.industry+is+known+and+company.city+in+%28Berlin%29", &[]),
    Stop(
        "segment-named",
        "/segments/new?do=text&text=custom.referee+%3D+%22Lena+Brandt%22+or+company+not+in+%28%22Nordwerk+GmbH%22%29",
        &[],
    ),
    Stop("scoring", "/scoring", &[]),
    Stop("campaigns", "/campaigns", &[("campaign", FIRST)]),
    Stop("campaign-new", "/campaigns/new", &[]),
    Stop("push-funnels", "/push-funnels", &[("push-funnel", FIRST)]),
    Stop("push-funnel-new", "/push-funnels/new", &[]),
    Stop("templates", "/templates", &[("template", FIRST)]),
    Stop("template-new", "/templates/new", &[]),
    Stop("suppressions", "/suppressions", &[]),
    Stop("mailbox", "/mailbox", &[("mail", FIRST)]),
    Stop("hand-overs", "/hand-overs", &[("hand-over", "main table a[href^=\"/hand-overs/\"], main li a[href^=\"/hand-overs/\"]")]),
    Stop("hand-over-reps", "/hand-overs/reps", &[]),
    Stop("promises", "/promises?view=all", &[]),
    Stop("tasks", "/tasks?view=all", &[("task", "main li a[href^=\"/tasks/\"]")]),
    Stop("task-new", "/tasks/new", &[]),
    Stop("funnel", "/reports/funnel", &[("funnel-people", "main a.fig[href*=\"/people\"]")]),
    Stop("settings", "/settings", &[]),
    Stop("settings-me", "/settings/me", &[]),
    Stop("staff", "/settings/staff", &[("staff-edit", "main a[href^=\"/settings/staff/\"]:not([href$=\"/new\"])")]),
    Stop("staff-new", "/settings/staff/new", &[]),
    Stop("roles", "/settings/roles", &[]),
    Stop("audit", "/settings/audit", &[]),
    Stop("retention", "/settings/retention", &[]),
    Stop("api-keys", "/settings/api-keys", &[]),
    Stop("palette", "/palette?q=a", &[]),
    Stop("menu", "/menu", &[]),
    Stop("shop", "/shop", &[]),
    Stop("shop-pricing", "/shop/pricing", &[]),
    Stop("not-found", "/nothing-here", &[]),
];

/// Pages behind a person's own, by what follows the person's address.
const BEHIND: &[(&str, &str)] = &[
    ("contact-export", "/export"),
    ("contact-erase", "/erase"),
    ("contact-facts", "/facts"),
    ("contact-questions", "/questions"),
    ("contact-consent", "/consent"),
    ("contact-relationships", "/relationships"),
    ("contact-promises", "/promises"),
    ("contact-shares", "/shares"),
    ("contact-files", "/files"),
    ("contact-hold", "/hold"),
    ("contact-devices", "/devices"),
    ("contact-referee", "/field/f:referee?was=none&q=a&value="),
    ("contact-named-by", "/named-by"),
    ("contact-street", "/field/street"),
    ("contact-coordinates", "/field/coordinates"),
];
/// Pages behind a company's own.
const BEHIND_COMPANY: &[(&str, &str)] = &[
    ("company-group", "/group"),
    ("company-files", "/files"),
    ("company-relationships", "/relationships"),
    ("company-shares", "/shares"),
    ("company-parent", "/parent?q=a"),
    ("company-merge", "/merge?q=a"),
];

/// The pictures of the user guide: small, at the desk, in English and light.
const GUIDE: [&str; 16] = [
    "today",
    "contacts",
    "contact-known",
    "contact-erase",
    "import",
    "duplicates",
    "duplicates-companies",
    "merge",
    "visits",
    "segment",
    "scoring",
    "push-funnel",
    "template",
    "hand-over",
    "funnel",
    "settings",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_stands_every_look_in_english() {
    stand_every_look("en", "ada@attune.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_stands_every_look_in_chinese() {
    stand_every_look("zh-CN", "fang@attune.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_has_its_pictures() {
    draw_guide(&furnished().await).await;
}

/// A running installation with something of everything.
async fn furnished() -> Attune {
    let mut attune = ground::lite();
    ground::furnish(&attune).await;
    attune.serve().await.unwrap();
    finish_furnishing(&attune).await;
    attune
}

async fn stand_every_look(language: &'static str, email: &str) {
    let attune = furnished().await;
    let mut faults = tour(&attune, language, email).await;
    let log = attune.process().unwrap().log();
    faults.extend(log.lines().filter(|line| line.contains("a text is missing")).map(str::to_owned));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What only pages can make: a segment, a template, a campaign, an entry on the suppression list, a visit.
async fn finish_furnishing(attune: &Attune) {
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;
    person.go("/segments/new?name=Northern+buyers&r0.d=0&r0.j=all&r1.d=1&r1.w=field:city&r1.o=in&r1.v=Hamburg,+Leeds,+Bergen&r2.d=1&r2.w=event:mail.clicked&r2.o=ge&r2.c=1&r2.win=within&r2.n=30&r2.u=d").await;
    person.click("button[value=\"dynamic\"]").await;
    // The answer to a form would overtake an address typed meanwhile: each is waited for.
    person.until("return location.pathname !== '/segments/new'", vec![], "the segment to be kept").await;
    person.go("/templates/new").await;
    person.fill("#f-name", "Autumn catalogue").await;
    person.click("button[value=\"save\"]").await;
    person.until("return location.pathname !== '/templates/new'", vec![], "the template to be kept").await;
    person.go("/campaigns/new").await;
    person.fill("#f-name", "Hello autumn").await;
    let template = person.see("#f-template option:nth-child(2)").await.attr("value").await.unwrap().unwrap();
    person.choose("#f-template", &template).await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname !== '/campaigns/new'", vec![], "the campaign to be kept").await;
    person.go("/suppressions").await;
    person.click("main details summary").await;
    person.fill("main details #f-email", "never@again.example").await;
    person.click("main details .btn.primary").await;
    person.until("return document.body.innerText.includes('never@again.example')", vec![], "the address to be on the list").await;
    person.go("/tasks/new").await;
    person.fill("#f-title", "Call Nordwerk about the catalogue").await;
    person.fill("#f-reason", "They asked for prices twice").await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname !== '/tasks/new'", vec![], "the task to be kept").await;
    furnish_senses(&mut person).await;
    furnish_fields(&mut person).await;
    furnish_tags(&mut person).await;
    furnish_records(attune, &mut person).await;
    crate::same_person::meet_again(&mut person).await;
    crate::same_person::search(&mut person, "/contacts/duplicates").await;
    crate::same_company::meet_again(&mut person).await;
    crate::same_person::search(&mut person, "/companies/duplicates").await;
    let path = person_called(&mut person, "Novak").await;
    person.go(&format!("{path}/erase")).await;
    person.click("main form .btn.danger").await;
    person.until("return location.pathname.startsWith('/contacts/erased/')", vec![], "the receipt").await;
    person.go("/shop").await;
    person.see("h1").await;
    ground::settle(attune).await;
}

/// Fields of every kind that asks for more than a word.
async fn furnish_fields(person: &mut Person) {
    for (label, kind, options) in
        [("Budget", "money", ""), ("Tier", "choice", "Gold\nSilver"), ("Likes", "choices", "Tea\nInk\nPaper"), ("Referee", "contact", "")]
    {
        person.go("/contacts/fields").await;
        person.fill("#field-form #f-label", label).await;
        person.choose("#field-form #f-kind", kind).await;
        person.fill("#field-form #f-options", options).await;
        person.click("#field-form .btn.primary").await;
        person
            .until(
                &format!("return document.body.innerText.includes('{label}') && !document.querySelector('#field-form #f-label').value"),
                vec![],
                "the field to be kept",
            )
            .await;
    }
}

/// A code, a question, topics and a place.
async fn furnish_senses(person: &mut Person) {
    person.go("/codes/new").await;
    person.fill("#f-name", "Autumn fair").await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname !== '/codes/new'", vec![], "the code to be kept").await;
    person.go("/contacts/questions/new").await;
    person.choose("#f-key", "country").await;
    person.fill("#f-text_en", "Which country do you work in?").await;
    person.fill("#f-text_zh", "您在哪个国家工作？").await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname === '/contacts/questions'", vec![], "the question to be kept").await;
    for (name, purpose) in [("Offers", "What costs less for a while"), ("New releases", "What came out this month")] {
        person.go("/contacts/topics").await;
        for (field, text) in [("name_en", name), ("name_zh", "新品"), ("purpose_en", purpose), ("purpose_zh", "本月上新")] {
            person.fill(&format!("#f-{field}"), text).await;
        }
        person.click("#topic-form .btn.primary").await;
        person.until("return document.body.innerText.includes(arguments[0])", vec![purpose.into()], "the topic to be kept").await;
    }
    person.go("/places/new").await;
    person.fill("#f-name", "Shop in Hamburg").await;
    person.choose("#f-kind", "geofence").await;
    person.fill("#f-mark", "hamburg").await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname !== '/places/new'", vec![], "the place to be kept").await;
}

/// A file and a device of somebody known, whom a field names.
async fn furnish_records(attune: &Attune, person: &mut Person) {
    let path = person_called(person, "Lena").await;
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    person.go(&format!("/files/new?of={id}")).await;
    person.attach("#f-file", &ground::file(attune, "offer.csv", "product,price\nInk,4.90\n")).await;
    person.click("main form .btn.primary").await;
    person.until("return !location.pathname.startsWith('/files')", vec![], "the file to be kept").await;
    person.go(&format!("/devices/new?of={id}")).await;
    person.fill("#f-serial", "CM-1").await;
    person.fill("#f-model", "Coffee 3").await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname !== '/devices/new'", vec![], "the device to be kept").await;
    let referred = person_called(person, "王芳").await;
    person.go(&format!("{referred}/field/f:referee")).await;
    person.fill("#f-q", "Lena").await;
    person.click(&format!("main form input[value=\"{id}\"]")).await;
    person.click("main form .btn.primary").await;
    person.until("return !location.pathname.includes('/field/')", vec![], "the field to name somebody").await;
}

/// Tags of somebody known.
async fn furnish_tags(person: &mut Person) {
    let path = person_called(person, "Lena").await;
    person.go(&path).await;
    person.click(".tags summary").await;
    person.fill(".tags #f-tags", "VIP, 秋季展会").await;
    person.click(".tags .btn.primary").await;
    person.until("return document.querySelectorAll('.tags .chip').length === 2", vec![], "the tags to be kept").await;
}

/// The address of the one person found by `name`.
async fn person_called(person: &mut Person, name: &str) -> String {
    person.go(&format!("/contacts?q={name}")).await;
    let href = person.link(FIRST).await.unwrap();
    href.split('?').next().unwrap().to_owned()
}

/// Walks through all pages as a reader of `language`; answers what is wrong.
async fn tour(attune: &Attune, language: &'static str, email: &str) -> Vec<String> {
    let mut person = Person::arrive(attune.url(""), Look::desk().in_language(language)).await;
    let mut faults = Vec::new();
    person.go("/sign-in").await;
    look(&mut person, "sign-in", &mut faults).await;
    person.sign_in(email).await;
    for Stop(name, path, links) in STOPS {
        person.go(path).await;
        let mut found = Vec::new();
        for (linked, css) in *links {
            match person.link(css).await {
                Some(href) => found.push((*linked, href)),
                None => faults.push(format!("{language} {path} has no link {css}")),
            }
        }
        look(&mut person, name, &mut faults).await;
        for (linked, href) in found {
            person.go(&href).await;
            look(&mut person, linked, &mut faults).await;
        }
    }
    look_at_a_book(&mut person, &mut faults).await;
    look_at_a_file_of_events(attune, &mut person, &mut faults).await;
    look_at_preferences(&mut person, &mut faults).await;
    let path = person_called(&mut person, "Lena").await;
    for (name, rest) in BEHIND {
        person.go(&format!("{path}{rest}")).await;
        look(&mut person, name, &mut faults).await;
    }
    person.go(&format!("{path}/questions")).await;
    let public = person.link("main a[href*=\"/ask/\"]").await.unwrap();
    person.go(&public[public.find("/ask/").unwrap()..]).await;
    look(&mut person, "asked", &mut faults).await;
    look_at_relations(&mut person, &path, &mut faults).await;
    faults
}

/// What the columns of a file of events say, as guessed, and as it is asked again.
async fn look_at_a_file_of_events(attune: &Attune, person: &mut Person, faults: &mut Vec<String>) {
    let rows = "customer,event,when,what,how much,remark\n1,purchase.made,2026-11-20T10:00:00Z,Ink,4.90,first\n2,seat.chosen,2026-11-21T11:30:00Z,Row 7,,window\n";
    person.go("/imports/new").await;
    person.click("input[name=\"subject\"][value=\"event\"]").await;
    person.attach("#f-file", &ground::file(attune, "visits of the fair.csv", rows)).await;
    person.click("main form .btn.primary").await;
    person.until("return location.pathname.endsWith('/events')", vec![], "the columns of the file").await;
    look(person, "import-events", faults).await;
    // A currency that is none: the page comes back and says so.
    person.fill("#f-currency", "shells").await;
    person.click("main form .btn.primary").await;
    person.see("main form #f-currency[aria-invalid=\"true\"]").await;
    look(person, "import-events-wrong", faults).await;
}

/// What a customer sees behind the links of a mail: the way out, and the preferences beside it.
async fn look_at_preferences(person: &mut Person, faults: &mut Vec<String>) {
    person.go("/mailbox").await;
    let mail = person.link(FIRST).await.unwrap();
    person.go(&format!("{mail}/html")).await;
    let out = person.link("a[href*=\"/m/u/\"]").await.unwrap();
    // The mail was sent while the server listened elsewhere: its pixel is not answered any more.
    person.browser.complaints().await.unwrap();
    person.go(&out[out.find("/m/u/").unwrap()..]).await;
    look(person, "unsubscribe", faults).await;
    let preferences = person.link("main a[href^=\"/m/p/\"]").await.unwrap();
    person.go(&preferences).await;
    look(person, "preferences", faults).await;
}

/// A relationship being made, and what stands behind a company.
async fn look_at_relations(person: &mut Person, contact: &str, faults: &mut Vec<String>) {
    let id = contact.rsplit('/').next().unwrap_or_default();
    person.go(&format!("/relationships/new?of={id}&reading=colleague&q=a")).await;
    look(person, "relationship-new", faults).await;
    person.go(&format!("/promises/new?of={id}")).await;
    look(person, "promise-new", faults).await;
    person.go(&format!("/files/new?of={id}")).await;
    look(person, "file-new", faults).await;
    person.go("/companies").await;
    let company = person.link(FIRST).await.unwrap();
    for (name, rest) in BEHIND_COMPANY {
        person.go(&format!("{company}{rest}")).await;
        look(person, name, faults).await;
    }
    let pair = person.link("main a.btn[href^=\"/companies/merge\"]").await.unwrap();
    person.go(&pair).await;
    look(person, "company-merge-pair", faults).await;
    person.go("/companies/duplicates").await;
    let twin = person.link("[data-rows] th a[href^=\"/companies/com_\"]").await.unwrap();
    person.go(&format!("{twin}/merge")).await;
    person.browser.see_text("Nordwerk AG").await.unwrap();
    look(person, "company-merge-likely", faults).await;
}

/// A colleague's book: the ways to give it away, the preview, the hand-over, and back again.
async fn look_at_a_book(person: &mut Person, faults: &mut Vec<String>) {
    person.go("/settings/staff").await;
    let jonas = person.link("main tbody tr:nth-child(2) th a").await.unwrap();
    person.go(&jonas).await;
    let book = person.link("main a[href$=\"/book\"]").await.unwrap();
    for way in ["one", "country", "grade"] {
        person.go(&format!("{book}?rule={way}&show=1")).await;
        look(person, &format!("book-{way}"), faults).await;
    }
    person.go(&format!("{book}?rule=load")).await;
    person.click("input[name^=\"with:\"]").await;
    person.click("main form[method=\"get\"] .btn.primary").await;
    person.until("return document.querySelector('#preview a.fig') !== null", vec![], "the preview").await;
    let listed = person.link("#preview a.fig").await.unwrap();
    person.go(&listed).await;
    look(person, "book-preview", faults).await;
    person.click("#preview form .btn.primary").await;
    person.until("return document.querySelector('form[action$=\"/undo\"]') !== null", vec![], "the book to be handed over").await;
    look(person, "book-handed-over", faults).await;
    person.click("form[action$=\"/undo\"] .btn").await;
    person.until("return document.querySelector('main table') === null", vec![], "the book to be given back").await;
    look(person, "book-given-back", faults).await;
}

/// The open page in the four looks of a language. A page that answers 404 or 422 on purpose may say so to the console.
async fn look(person: &mut Person, name: &str, faults: &mut Vec<String>) {
    person.calm().await;
    let language = person.browser.look().language;
    for look in Look::all(language) {
        person.browser.see_as(look).await.unwrap();
        let seen = person.faults().await;
        let on_purpose = [("not-found", "404"), ("import-events-wrong", "422")];
        let expected = |fault: &String| on_purpose.iter().any(|(page, status)| name == *page && fault.contains(status));
        let at = format!("{name} {} {}", person.browser.look().name(), person.path().await);
        faults.extend(seen.into_iter().filter(|fault| !expected(fault)).map(|fault| format!("{at}: {fault}")));
        person.browser.screenshot(&format!("look-{name}-{}", person.browser.look().name())).await.unwrap();
    }
    person.browser.see_as(Look::desk()).await.unwrap();
}

/// The guide's pictures.
async fn draw_guide(attune: &Attune) {
    let small = Look { width: 1180, height: 740, scheme: Scheme::Light, ..Look::desk() };
    let mut person = Person::arrive(attune.url(""), small).await;
    person.sign_in("ada@attune.example").await;
    for Stop(name, path, links) in STOPS {
        person.go(path).await;
        let mut found = Vec::new();
        for (linked, css) in links.iter().filter(|(linked, _)| GUIDE.contains(linked)) {
            found.push((*linked, person.link(css).await.unwrap()));
        }
        if GUIDE.contains(name) {
            picture(&person, name).await;
        }
        for (linked, href) in found {
            person.go(&href).await;
            picture(&person, linked).await;
        }
    }
    let path = person_called(&mut person, "Lena").await;
    for (name, rest) in BEHIND.iter().filter(|(name, _)| GUIDE.contains(name)) {
        person.go(&format!("{path}{rest}")).await;
        picture(&person, name).await;
    }
}

async fn picture(person: &Person, name: &str) {
    person.calm().await;
    let file = person.browser.screenshot(name).await.unwrap();
    let bytes = std::fs::metadata(&file).unwrap().len();
    assert!(bytes <= 150_000, "{} has {bytes} bytes", file.display());
}
