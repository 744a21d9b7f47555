//! Which image a file is, and where it ends: what a banner's file may be before it is decoded (trust.md S21).
//!
//! A file that is two things at once ends later than its image, or carries markup. Both are refused here; whatever else
//! hides inside an image is gone when it is written anew.

text_enum! {
    /// The kinds of images that a banner may be.
    pub enum ImageFormat {
        Png = "png",
        Jpeg = "jpeg",
        Gif = "gif",
        Webp = "webp",
    }
}

impl ImageFormat {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }

    /// By a type as a browser names it, or an ending of a file's name.
    fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.trim_start_matches("image/").trim_start_matches("x-") {
            "png" => Some(Self::Png),
            "jpeg" | "jpg" | "pjpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "gif" => Some(Self::Gif),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    fn of_content(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    /// Where the image ends, if it does.
    fn end(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Png => end_of_png(bytes),
            Self::Jpeg => end_of_jpeg(bytes),
            Self::Gif => end_of_gif(bytes),
            Self::Webp => Some(12.max(8 + number(bytes.get(4..8)?.iter().rev())?)),
        }
    }
}

/// A file has at most so many bytes before it is decoded.
pub const FILE_BYTES_MAX: usize = 2 * 1_024 * 1_024;
/// A banner, written anew, has at most so many bytes; the database checks it, too.
pub const IMAGE_BYTES_MAX: usize = 512 * 1_024;
/// A banner's width and height in pixels, at most.
pub const SIDE_PIXELS_MAX: u32 = 2_000;
/// An animation has at most so many pictures.
pub const FRAMES_MAX: usize = 200;

/// Why a file is no banner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RasterRefused {
    #[error("choose a file")]
    Missing,
    #[error("the file is larger than 2 MiB")]
    TooLarge,
    #[error("SVG files can carry scripts: export the banner as PNG, JPEG, WebP or GIF")]
    Svg,
    #[error("the file is none of PNG, JPEG, WebP and GIF")]
    Unknown,
    #[error("the file is called {declared} and is {found}: give it the name of what it is")]
    OtherThanDeclared { declared: String, found: ImageFormat },
    #[error("something follows the end of the image: save it anew as an image alone")]
    Trailing,
    #[error("the image holds markup or a document: save it anew without comments and metadata")]
    Markup,
    #[error("the image is {0} × {1} pixels: at most {SIDE_PIXELS_MAX} × {SIDE_PIXELS_MAX}")]
    Size(u32, u32),
    #[error("the animation has more than {FRAMES_MAX} pictures")]
    Frames,
    #[error("animated {0} files are not taken: save the animation as GIF")]
    Animated(ImageFormat),
    #[error("the image is damaged, or needs too much memory")]
    Damaged,
    #[error("written anew it has {0} KiB: at most 512. Make it smaller, or use JPEG for photographs")]
    Heavy(usize),
}

/// What would make an image a page, a program or a document to another reader.
const MARKUP: [&[u8]; 7] = [b"<script", b"<svg", b"<html", b"<?php", b"<iframe", b"%pdf-", b"javascript:"];

/// The kind of an image file, if it is what its name and its type say, and nothing besides.
pub fn inspect(bytes: &[u8], file_name: &str, content_type: &str) -> Result<ImageFormat, RasterRefused> {
    if bytes.is_empty() {
        return Err(RasterRefused::Missing);
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(RasterRefused::TooLarge);
    }
    let ending = file_name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let Some(format) = ImageFormat::of_content(bytes) else {
        let is_svg = ending.eq_ignore_ascii_case("svg") || contains(bytes, b"<svg");
        return Err(if is_svg { RasterRefused::Svg } else { RasterRefused::Unknown });
    };
    for declared in [ending, content_type] {
        // A browser that knows no type says octet-stream.
        let says_nothing = declared.is_empty() || declared == "application/octet-stream";
        if !says_nothing && ImageFormat::named(declared) != Some(format) {
            let declared = declared.chars().filter(|letter| !letter.is_control()).take(32).collect();
            return Err(RasterRefused::OtherThanDeclared { declared, found: format });
        }
    }
    match format.end(bytes) {
        None => Err(RasterRefused::Damaged),
        Some(end) if end > bytes.len() => Err(RasterRefused::Damaged),
        Some(end) if end < bytes.len() => Err(RasterRefused::Trailing),
        Some(_) if MARKUP.iter().any(|markup| contains(bytes, markup)) => Err(RasterRefused::Markup),
        Some(_) => Ok(format),
    }
}

/// Whether a text in lower case occurs, in whatever case.
fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text))
}

/// The most significant byte first.
fn number<'b>(bytes: impl Iterator<Item = &'b u8>) -> Option<usize> {
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    usize::try_from(number).ok()
}

/// Chunks of length, name, content and check sum, up to the one called `IEND`.
fn end_of_png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let length = number(bytes.get(at..at + 4)?.iter())?;
        let name = bytes.get(at + 4..at + 8)?;
        at = at.checked_add(length)?.checked_add(12)?;
        if name == b"IEND" {
            return Some(at);
        }
    }
}

/// Segments of marker and length; after a start of scan the data, in which a marker's first byte is followed by zero.
fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0xd9 => return Some(at + 2),
            0x01 | 0xd0..=0xd7 => at += 2,
            marker => {
                at += 2 + number(bytes.get(at + 2..at + 4)?.iter())?.max(2);
                if marker == 0xda {
                    at += bytes
                        .get(at..)?
                        .windows(2)
                        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff))?;
                }
            }
        }
    }
}

/// Head and colours, then pictures and extensions made of blocks, up to the trailer.
fn end_of_gif(bytes: &[u8]) -> Option<usize> {
    let colours = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + colours(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => at += 2,
            0x2c => at += 11 + colours(*bytes.get(at + 9)?),
            _ => return None,
        }
        loop {
            let block = usize::from(*bytes.get(at)?);
            at += 1 + block;
            if block == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One point in each format.
    fn png() -> Vec<u8> {
        let text = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        data_encoding::BASE64.decode(text.as_bytes()).unwrap()
    }

    const GIF: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    /// Not decodable: only its frame is looked at here.
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x03x12\xff\x0034\xff\xd0\x56\xff\xd9";
    const WEBP: &[u8] = b"RIFF\x06\0\0\0WEBPVP";

    #[test]
    fn an_image_is_what_it_says_and_ends_where_it_ends() {
        let files: [(ImageFormat, Vec<u8>, &str); 4] = [
            (ImageFormat::Png, png(), "a.PNG"),
            (ImageFormat::Gif, GIF.to_vec(), "a.gif"),
            (ImageFormat::Jpeg, JPEG.to_vec(), "a.b.jpg"),
            (ImageFormat::Webp, WEBP.to_vec(), "a.webp"),
        ];
        for (format, bytes, name) in files {
            for declared in [format.content_type(), "", "application/octet-stream"] {
                assert_eq!(inspect(&bytes, name, declared), Ok(format), "{name} {declared}");
            }
            let longer = [&bytes[..], b"/*alert(1)*/"].concat();
            assert_eq!(inspect(&longer, name, ""), Err(RasterRefused::Trailing), "{name}");
            let shorter = &bytes[..bytes.len() - 1];
            assert_eq!(inspect(shorter, name, ""), Err(RasterRefused::Damaged), "{name}");
            let other = if format == ImageFormat::Png { "image/gif" } else { "image/png" };
            let refused = inspect(&bytes, name, other);
            assert_eq!(refused, Err(RasterRefused::OtherThanDeclared { declared: other.to_owned(), found: format }));
            assert!(matches!(inspect(&bytes, "a.exe", ""), Err(RasterRefused::OtherThanDeclared { .. })));
        }
    }

    #[test]
    fn what_is_no_banner_is_refused_by_its_name() {
        let svg = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        assert_eq!(inspect(svg, "a.svg", "image/svg+xml"), Err(RasterRefused::Svg));
        assert_eq!(inspect(svg, "a.png", "image/png"), Err(RasterRefused::Svg));
        assert_eq!(inspect(b"<html>", "a.png", "image/png"), Err(RasterRefused::Unknown));
        assert_eq!(inspect(b"", "a.png", ""), Err(RasterRefused::Missing));
        assert_eq!(inspect(&vec![0; FILE_BYTES_MAX + 1], "a.png", ""), Err(RasterRefused::TooLarge));
        let comment = [&JPEG[..2], b"\xff\xfe\x00\x11<ScRiPt>alert(1)"[..].get(..19).unwrap(), &JPEG[2..]].concat();
        assert_eq!(inspect(&comment, "a.jpg", ""), Err(RasterRefused::Markup));
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_make_it_fail(start in 0_usize..4, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let heads: [&[u8]; 4] = [&png()[..8], b"GIF89a", b"\xff\xd8\xff", b"RIFF\xff\xff\xff\xffWEBP"];
            let _ = inspect(&[heads[start], &rest].concat(), "", "");
        }
    }
}
