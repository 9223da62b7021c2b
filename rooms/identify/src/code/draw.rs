//! A print as a picture and many as a sheet of paper.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use qrcode::{Color, EcLevel, QrCode};

/// Modules of quiet around a code, as ISO/IEC 18004 demands.
const QUIET: usize = 4;
/// A4 in points.
const PAPER: (f32, f32) = (595.0, 842.0);
/// Codes in a row and in a column of a sheet.
const GRID: (usize, usize) = (3, 4);
/// The margin of a sheet, points.
const MARGIN: f32 = 36.0;

/// The squares of a code: which are dark, row by row, `width` in each.
struct Modules {
    dark: Vec<bool>,
    width: usize,
}

impl Modules {
    /// A quarter of a print may be scratched, and it is still read.
    fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
        let width = code.width();
        Some(Self { dark: code.to_colors().into_iter().map(|color| color == Color::Dark).collect(), width })
    }

    /// Runs of dark squares: (column, row, length).
    fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        for (row, line) in self.dark.chunks(self.width.max(1)).enumerate() {
            let mut column = 0;
            for part in line.chunk_by(|a, b| a == b) {
                if part.first() == Some(&true) {
                    runs.push((column, row, part.len()));
                }
                column += part.len();
            }
        }
        runs
    }
}

/// The code of a text as SVG, black on white in any look, sharp at any size; `None` when the text is too long.
pub(super) fn svg(text: &str) -> Option<String> {
    let modules = Modules::of(text)?;
    let side = modules.width + 2 * QUIET;
    let mut path = String::new();
    for (column, row, length) in modules.runs() {
        path.push_str(&format!("M{} {}h{length}v1h-{length}z", column + QUIET, row + QUIET));
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// Sheets of A4 with twelve codes each: (text of the code, line below it). What the PDF's own font lacks in the line is left out.
pub(super) fn sheets(prints: &[(String, String)]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, pages, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let per_page = GRID.0 * GRID.1;
    let count = prints.len().div_ceil(per_page).max(1);
    let id = |sheet: usize, place: i32| Ref::new(4 + 2 * i32::try_from(sheet).unwrap_or(0) + place);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids((0..count).map(|sheet| id(sheet, 0))).count(i32::try_from(count).unwrap_or(1));
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (sheet, page) in (0..count).map(|sheet| (sheet, prints.chunks(per_page).nth(sheet).unwrap_or_default())) {
        let mut writer = pdf.page(id(sheet, 0));
        writer.parent(pages).media_box(Rect::new(0.0, 0.0, PAPER.0, PAPER.1)).contents(id(sheet, 1));
        writer.resources().fonts().pair(Name(b"F"), font);
        writer.finish();
        pdf.stream(id(sheet, 1), &drawn(page));
    }
    pdf.finish()
}

fn drawn(page: &[(String, String)]) -> Vec<u8> {
    let mut content = Content::new();
    let (wide, high) = ((PAPER.0 - 2.0 * MARGIN) / GRID.0 as f32, (PAPER.1 - 2.0 * MARGIN) / GRID.1 as f32);
    for (place, (text, line)) in page.iter().enumerate() {
        let Some(modules) = Modules::of(text) else { continue };
        let (left, top) = (MARGIN + (place % GRID.0) as f32 * wide, PAPER.1 - MARGIN - (place / GRID.0) as f32 * high);
        let module = (wide.min(high) - 24.0) / (modules.width + 2 * QUIET) as f32;
        for (column, row, length) in modules.runs() {
            let (x, y) = (left + (column + QUIET) as f32 * module, top - (row + QUIET + 1) as f32 * module);
            content.rect(x, y, length as f32 * module, module);
        }
        content.fill_nonzero();
        let known: Vec<u8> = line.chars().filter_map(|c| u8::try_from(u32::from(c)).ok().filter(|byte| *byte >= 32)).take(40).collect();
        let below = top - (modules.width + 2 * QUIET) as f32 * module - 8.0;
        content.begin_text().set_font(Name(b"F"), 8.0).next_line(left + QUIET as f32 * module, below).show(Str(&known)).end_text();
    }
    content.finish().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_eyes_and_its_quiet() {
        let svg = svg("https://attune.example/q/p_0anm4h22m0100").unwrap();
        let side: usize = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        // Symbols have 17 + 4 n squares a side.
        assert_eq!((side - 2 * QUIET - 17) % 4, 0);
        let eye = |x: usize, y: usize| svg.contains(&format!("M{x} {y}h7v1h-7z"));
        let far = side - QUIET - 7;
        assert!(eye(QUIET, QUIET) && eye(far, QUIET) && eye(QUIET, far) && !eye(far, far));
        assert!(super::svg(&"x".repeat(5_000)).is_none());
    }

    #[test]
    fn a_sheet_has_a_page_for_every_twelve() {
        let print = |n: usize| (format!("https://attune.example/q/{n}"), format!("Stand {n} 展台"));
        let pdf = sheets(&(0..13).map(print).collect::<Vec<_>>());
        let text = String::from_utf8_lossy(&pdf);
        assert!(
            text.starts_with("%PDF-1.7")
                && text.contains("/Count 2")
                && text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count() >= 2
        );
        assert!(text.contains("(Stand 12 )") && sheets(&[]).starts_with(b"%PDF"));
    }
}
