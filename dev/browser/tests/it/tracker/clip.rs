//! A film of six seconds, made here: one picture, shown again and again.

/// How long it is.
pub const SECONDS: usize = 6;
const PICTURES_A_SECOND: usize = 10;
/// Width and height.
const SIDE: u8 = 16;
/// A grey square as a VP8 key frame.
const PICTURE: [u8; 28] = [
    0x70, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00, 0x07, 0x40, 0x96, 0x25, 0x8c, 0x02, 0x74, 0x01, 0x40, 0x00, 0x00, 0xfe,
    0xe2, 0xc8, 0xfa, 0xe8, 0xf0, 0x00,
];

/// The film as WebM. Every picture is a key frame, so a player may jump to any of them.
pub fn webm() -> Vec<u8> {
    let named = |id: &[u8], text: &str| element(id, text.as_bytes());
    let head = [
        element(&[0x42, 0x86], &[1]),
        element(&[0x42, 0xf7], &[1]),
        element(&[0x42, 0xf2], &[4]),
        element(&[0x42, 0xf3], &[8]),
        named(&[0x42, 0x82], "webm"),
        element(&[0x42, 0x87], &[2]),
        element(&[0x42, 0x85], &[2]),
    ];
    // Times are counted in milliseconds, given in nanoseconds.
    let length = (SECONDS as f64 * 1000.0).to_be_bytes();
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x44, 0x89], &length),
        named(&[0x4d, 0x80], "attune"),
        named(&[0x57, 0x41], "attune"),
    ];
    let size = [element(&[0xb0], &[SIDE]), element(&[0xba], &[SIDE])].concat();
    let track =
        [element(&[0xd7], &[1]), element(&[0x73, 0xc5], &[1]), element(&[0x83], &[1]), named(&[0x86], "V_VP8"), element(&[0xe0], &size)];
    let pictures = (0..SECONDS * PICTURES_A_SECOND).flat_map(|number| {
        let at = i16::try_from(number * 1000 / PICTURES_A_SECOND).unwrap().to_be_bytes();
        element(&[0xa3], &[&[0x81], at.as_slice(), &[0x80], &PICTURE].concat())
    });
    let cluster: Vec<u8> = element(&[0xe7], &[0]).into_iter().chain(pictures).collect();
    let tracks = element(&[0xae], &track.concat());
    let body = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xae, 0x6b], &tracks),
        element(&[0x1f, 0x43, 0xb6, 0x75], &cluster),
    ];
    [element(&[0x1a, 0x45, 0xdf, 0xa3], &head.concat()), element(&[0x18, 0x53, 0x80, 0x67], &body.concat())].concat()
}

/// An element of the container: its id, its size in two bytes, its content.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let size = u16::try_from(content.len()).unwrap();
    assert!(size < 0x3fff, "two bytes hold no more");
    [id, &(0x4000 | size).to_be_bytes(), content].concat()
}
