//! The OpenAPI description, gathered from the rooms.

use utoipa::openapi::OpenApi;

/// The description of every REST route of every room.
pub fn document() -> OpenApi {
    let mut document = utoipa::openapi::OpenApiBuilder::new()
        .info(utoipa::openapi::InfoBuilder::new().title("Attune").version(env!("CARGO_PKG_VERSION")).build())
        .build();
    for room in crate::house::apis() {
        document.merge(room);
    }
    document
}
