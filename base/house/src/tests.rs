use attune_events::EventDef;

use crate::{House, HouseError, Panel, Place, Room, SettingDef, SettingError, SettingKind, StorageClass, check_setting};

fn event(name: &'static str) -> EventDef {
    EventDef { name, meaning: "", subject: "", amount: "", behaviour: false }
}

#[test]
fn two_rooms_may_not_emit_the_same_event() {
    let rooms = vec![Room::new("a").events([event("thing.made")]), Room::new("b").events([event("thing.made")])];
    assert!(matches!(House::build(rooms), Err(HouseError::Events(_))));
}

#[test]
fn a_room_is_named_once() {
    assert!(matches!(House::build(vec![Room::new("a"), Room::new("a")]), Err(HouseError::Twice { what: "room", .. })));
}

#[test]
fn a_panel_needs_a_permission_somebody_defines() {
    let panel = Panel { key: "a.b", title_key: "t", href: |id| id.to_string(), order: 1, permission: "a.view", place: Place::Aside };
    assert!(matches!(House::build(vec![Room::new("a").panels([panel])]), Err(HouseError::NoPermission { .. })));
}

#[test]
fn a_class_of_storage_has_one_room() {
    let class = StorageClass { key: "sends", label_key: "t", hint_key: "h", least: 1, parts: &[] };
    let rooms = vec![Room::new("a").storage([class]), Room::new("b").storage([class])];
    assert!(matches!(House::build(rooms), Err(HouseError::Twice { what: "class of storage", .. })));
    assert_eq!(House::build(vec![Room::new("a").storage([class])]).map(|house| house.storage.len()).ok(), Some(1));
}

#[test]
fn settings_are_checked_by_their_type() {
    let days = SettingDef { key: "a.days", label_key: "x", kind: SettingKind::Int { min: 1, max: 30 }, default: "7" };
    assert_eq!(check_setting(&days, " 12 "), Ok("12".to_owned()));
    assert_eq!(check_setting(&days, "0"), Err(SettingError::Range { min: 1, max: 30 }));
    let flag = SettingDef { key: "a.flag", label_key: "x", kind: SettingKind::Bool, default: "false" };
    assert_eq!(check_setting(&flag, "on"), Ok("true".to_owned()));
    assert_eq!(check_setting(&flag, ""), Ok("false".to_owned()));
}

#[test]
fn an_address_with_places_holds_each_of_them_once_and_says_no_more_than_where_it_leads() {
    let tiles = SettingDef { key: "a.tiles", label_key: "x", kind: SettingKind::Template(&["z", "x", "y"]), default: "" };
    for fits in [
        "",
        "https://tiles.example.com/{z}/{x}/{y}.png",
        " http://10.0.0.7:8080/osm/{z}/{x}/{y}.png?style=quiet&key=a1 ",
        "http://localhost/{y}-{x}-{z}",
    ] {
        assert_eq!(check_setting(&tiles, fits), Ok(fits.trim().to_owned()), "{fits}");
    }
    for wrong in [
        "tiles.example.com/{z}/{x}/{y}.png",
        "ftp://tiles.example.com/{z}/{x}/{y}.png",
        "https://tiles.example.com/{z}/{x}.png",
        "https://tiles.example.com/{z}/{x}/{y}/{y}.png",
        "https://{s}.example.com/{z}/{x}/{y}.png",
        "https://tiles.example.com/{z}/{x}/{y}{r}.png",
        "https://tiles.example.com/{z}/{x}/{y}.png 'unsafe-inline'",
        "https://evil.example; script-src *.example/{z}/{x}/{y}",
        "https://user@tiles.example.com/{z}/{x}/{y}",
        "https://*.example.com/{z}/{x}/{y}",
        "https://tiles.example.com:/{z}/{x}/{y}",
    ] {
        assert_eq!(check_setting(&tiles, wrong), Err(SettingError::Template("{z}, {x}, {y}".to_owned())), "{wrong}");
    }
    assert_eq!(crate::origin_of("http://10.0.0.7:8080/osm/{z}"), Some("http://10.0.0.7:8080"));
    assert_eq!((crate::origin_of("https://tiles.example.com"), crate::origin_of("https:///x")), (Some("https://tiles.example.com"), None));
}
