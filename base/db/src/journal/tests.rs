//! What a journal promises.

use super::*;

#[test]
fn numbers_grow_whatever_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let journal = || Journal::open(folder.path(), "inbox", &DbOptions::default()).unwrap();
    let first = journal();
    assert_eq!(first.last().unwrap(), 0);
    assert_eq!((first.append(0, "a").unwrap(), first.append(0, "b").unwrap(), first.last().unwrap()), (1, 2, 2));
    first.forget(2).unwrap();
    assert_eq!(first.list_after(0, 9).unwrap(), [(2, "[]".to_owned())], "the newest number stays");
    assert_eq!(first.append(0, "c").unwrap(), 3);
    drop(first);
    let second = journal();
    assert_eq!(second.append(40, "d").unwrap(), 41, "behind what is known to be used already");
    assert_eq!(second.list_after(2, 1).unwrap(), [(3, "c".to_owned())]);
}

#[test]
fn what_is_put_aside_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), "inbox", &DbOptions::default()).unwrap();
    assert_eq!(journal.aside().unwrap(), None);
    journal.set_aside(1, "too old", "{}").unwrap();
    journal.set_aside(2, "unreadable", "x").unwrap();
    assert_eq!(journal.aside().unwrap(), Some((2, "unreadable".to_owned())));
}
