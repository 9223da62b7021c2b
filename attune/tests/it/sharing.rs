//! Sharing reaches as far as the record does, and no further: the customer of strangers that nobody else sees (`leak.rs`) is shared, met all over the
//! house with masked addresses, and gone again when the share ends.

use attune_testkit::{StatusCode, on_both_dbs};
use serde_json::{Value as Json, json};

use crate::leak::{filled, marked, open};

/// The last digits of the foreign number: nobody is shown them by a share.
const NUMBER: &str = "7777003";

on_both_dbs! {
    with attune::house::migrations();

    async fn a_shared_company_is_met_with_all_that_is_its_own_and_gone_when_the_share_ends(db: Db) {
        let (site, foreign) = open(&db, true).await;
        let foreign = foreign.unwrap();
        let (contact, company) = (&foreign.contact, &foreign.company);
        let shares = format!("/api/v1/companies/{company}/shares");
        // Neither whoever would get it nor whose it is not can share it.
        assert_eq!(site.json("Olaf", "POST", &shares, &json!({ "staff_id": 11 })).await.status, StatusCode::NOT_FOUND);
        assert_eq!(site.json("Ada", "POST", &shares, &json!({ "staff_id": 11, "team_id": 70 })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let made = site.json("Ada", "POST", &shares, &json!({ "staff_id": 11, "reason": "holidays" })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let made: Json = serde_json::from_str(&made.body).unwrap();

        let paths = filled(&foreign.ids, (contact, company));
        let (seen, _) = marked(&site, "Olaf", &paths, &["zqx"]).await;
        let meets = |part: &str| assert!(seen.iter().any(|line| line.contains(part)), "{part} is not among {seen:#?}");
        meets(&format!("/contacts/{contact} "));
        meets(&format!("/api/v1/contacts/{contact} "));
        meets(&format!("/companies/{company} "));
        meets(&format!("/tasks/of/{contact} "));
        meets(&format!("/contacts/{contact}/promises "));
        meets(&format!("/contacts/{contact}/timeline "));
        for list in ["/contacts ", "/companies ", "/api/v1/contacts ", "/api/v1/events ", "/promises?", "/visitors"] {
            meets(list);
        }
        meets("/segments/seg_");
        let (shown, _) = marked(&site, "Olaf", &paths, &[NUMBER, "zqxmail@"]).await;
        assert!(shown.is_empty(), "addresses stay masked: {shown:#?}");
        let (others, _) = marked(&site, "Mei", &paths, &["zqx"]).await;
        assert!(others.is_empty(), "it was not shared with Mei: {others:#?}");
        // What stays with whose it is.
        for (path, body) in [(format!("/api/v1/contacts/{contact}/shares"), json!({ "team_id": 70 })), (format!("/api/v1/contacts/{contact}/erase"), json!({}))] {
            let refused = site.json("Olaf", "POST", &path, &body).await.status;
            assert!([StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&refused), "{path}: {refused}");
        }

        let ended = site.json("Ada", "DELETE", &format!("/api/v1/shares/{}", made["id"].as_str().unwrap()), &Json::Null).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
        let (seen, _) = marked(&site, "Olaf", &paths, &["zqx"]).await;
        assert!(seen.is_empty(), "{seen:#?}");
    }
}
