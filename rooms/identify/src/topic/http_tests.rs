use attune_testkit::{StatusCode, TestApp};

use crate::tracking::Collector;

const HOME: &str = "/contacts/topics";

attune_testkit::on_both_dbs! {
    async fn topics_are_made_moved_renamed_and_removed(db: Db) {
        let site = TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))]);
        site.get("agent", HOME).await.is(StatusCode::FORBIDDEN);
        assert!(site.get("admin", HOME).await.has("No topics yet"));
        let wrong = site.post("admin", HOME, "name_en=News&name_zh=&purpose_en=x&purpose_zh=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("News"), "{}", wrong.body);
        for name in ["News", "Offers"] {
            let form = format!("name_en={name}&name_zh=%E6%96%B0&purpose_en=About+{name}&purpose_zh=%E6%96%B0");
            site.post("admin", HOME, &form).await.is(StatusCode::SEE_OTHER);
        }
        let page = site.get("admin", HOME).await;
        let ids: Vec<String> = page.body.split("href=\"/contacts/topics/").skip(1).map(|rest| rest[..rest.find('"').unwrap()].to_owned()).collect();
        assert_eq!(ids.len(), 2, "{}", page.body);
        site.post("admin", &format!("{HOME}/{}/down", ids[0]), "").await.is(StatusCode::SEE_OTHER);
        let moved = site.get("admin", HOME).await;
        assert!(moved.body.find("About Offers") < moved.body.find("About News"), "{}", moved.body);
        site.post("manager", &format!("{HOME}/{}/delete", ids[0]), "").await.is(StatusCode::FORBIDDEN);
        site.post("admin", &format!("{HOME}/{}", ids[0]), "name_en=Letters&name_zh=%E6%96%B0&purpose_en=Letters&purpose_zh=%E6%96%B0").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &format!("{HOME}/{}", ids[0])).await.has("value=\"Letters\""));
        // A contact can be asked about it, and the ledger names it when it is gone.
        let made = site.post("admin", "/contacts", "name=Lena&stage=lead").await;
        let consent = format!("{}/consent", made.leads());
        assert!(site.get("admin", &consent).await.has("Letters"));
        site.post("admin", &consent, &format!("channel=email&purpose=topic:{}&state=given&source=phone&wording=Yes+letters", ids[0])).await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{HOME}/{}/delete", ids[0]), "").await.is(StatusCode::SEE_OTHER);
        site.get("admin", &format!("{HOME}/{}", ids[0])).await.is(StatusCode::NOT_FOUND);
        let told = site.get("admin", &consent).await;
        assert!(told.has("Topic: Letters") && told.has("Yes letters") && told.has("By phone"), "{}", told.body);
        site.post("admin", &format!("{HOME}/{}/restore", ids[0]), "").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{HOME}/{}/sideways", ids[0]), "").await.is(StatusCode::NOT_FOUND);
        assert!(site.get("admin", made.leads()).await.has("email/Letters"), "the timeline names the topic");
    }
}
