//! Decoding a banner's file within limits and writing it anew: what is served was made here, point by point.
//!
//! Comments, profiles and metadata are gone with that. A GIF keeps its animation and its colours.

use std::io::Cursor;
use std::num::NonZeroU64;

use data_encoding::HEXLOWER;
use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::{DynamicImage, ImageDecoder, Limits};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::domain::raster::{FRAMES_MAX, IMAGE_BYTES_MAX, ImageFormat, RasterRefused, SIDE_PIXELS_MAX, inspect};

/// So many files are decoded at once; each may take as much memory as [`DECODED_BYTES_MAX`].
static AT_ONCE: Semaphore = Semaphore::const_new(2);
const DECODED_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// The points of all pictures of an animation together.
const ANIMATION_POINTS_MAX: u64 = 50_000_000;
const JPEG_QUALITY: u8 = 88;

/// A banner's image as it is stored and served.
#[derive(Debug, Clone)]
pub struct Raster {
    pub content: Vec<u8>,
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    /// Names the content: 32 hex digits.
    pub digest: String,
}

/// Reads an uploaded file, away from the threads that answer requests.
pub async fn read(file: Vec<u8>, file_name: String, content_type: String) -> Result<Raster, RasterRefused> {
    let turn = AT_ONCE.acquire().await;
    let work = move || {
        // Held by the work itself: whoever asked may be gone before it is done.
        let _turn = turn;
        rewrite(&file, inspect(&file, &file_name, &content_type)?)
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RasterRefused::Damaged))
}

/// Decodes and encodes an image that was inspected.
fn rewrite(file: &[u8], format: ImageFormat) -> Result<Raster, RasterRefused> {
    let (content, width, height) = match format {
        ImageFormat::Gif => gif(file)?,
        _ => still(file, format)?,
    };
    if content.len() > IMAGE_BYTES_MAX {
        return Err(RasterRefused::Heavy(content.len().div_ceil(1_024)));
    }
    let digest = HEXLOWER.encode(&Sha256::digest(&content)[..16]);
    Ok(Raster { content, format, width, height, digest })
}

/// What a decoder says has no place in a page; that it failed is enough.
fn damaged<E>(_: E) -> RasterRefused {
    RasterRefused::Damaged
}

fn check_size(width: u32, height: u32) -> Result<(), RasterRefused> {
    let fits = (1..=SIDE_PIXELS_MAX).contains(&width) && (1..=SIDE_PIXELS_MAX).contains(&height);
    if fits { Ok(()) } else { Err(RasterRefused::Size(width, height)) }
}

fn still(file: &[u8], format: ImageFormat) -> Result<(Vec<u8>, u32, u32), RasterRefused> {
    let image = match format {
        ImageFormat::Png => {
            let decoder = PngDecoder::new(Cursor::new(file)).map_err(damaged)?;
            if decoder.is_apng().map_err(damaged)? {
                return Err(RasterRefused::Animated(format));
            }
            decode(decoder)?
        }
        ImageFormat::Webp => {
            let decoder = WebPDecoder::new(Cursor::new(file)).map_err(damaged)?;
            if decoder.has_animation() {
                return Err(RasterRefused::Animated(format));
            }
            decode(decoder)?
        }
        ImageFormat::Jpeg | ImageFormat::Gif => decode(JpegDecoder::new(Cursor::new(file)).map_err(damaged)?)?,
    };
    let image = plain(image);
    let mut content = Vec::new();
    let written = match format {
        ImageFormat::Png => {
            let encoder = PngEncoder::new_with_quality(&mut content, CompressionType::Best, FilterType::Adaptive);
            image.write_with_encoder(encoder)
        }
        ImageFormat::Webp => image.write_with_encoder(WebPEncoder::new_lossless(&mut content)),
        ImageFormat::Jpeg | ImageFormat::Gif => {
            image.write_with_encoder(JpegEncoder::new_with_quality(&mut content, JPEG_QUALITY))
        }
    };
    written.map_err(damaged)?;
    Ok((content, image.width(), image.height()))
}

/// The size is known before a point is decoded. A photograph is turned as its camera says.
fn decode(mut decoder: impl ImageDecoder) -> Result<DynamicImage, RasterRefused> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    decoder.set_limits(limits).map_err(damaged)?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Eight bits for each colour, transparency only where there is some.
fn plain(image: DynamicImage) -> DynamicImage {
    let has_alpha = image.color().has_alpha();
    match (image.color().has_color(), has_alpha) {
        (false, false) => image.into_luma8().into(),
        (true, false) => image.into_rgb8().into(),
        (_, true) => {
            let image = image.into_rgba8();
            if image.pixels().all(|point| point.0[3] == u8::MAX) {
                DynamicImage::from(image).into_rgb8().into()
            } else {
                image.into()
            }
        }
    }
}

/// Picture by picture, with the colours, the times and the repetitions that they have.
fn gif(file: &[u8]) -> Result<(Vec<u8>, u32, u32), RasterRefused> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(DECODED_BYTES_MAX).expect("a limit above 0")));
    let mut decoder = options.read_info(file).map_err(damaged)?;
    let (width, height) = (decoder.width(), decoder.height());
    check_size(width.into(), height.into())?;
    let (mut frames, mut points) = (Vec::new(), 0);
    while let Some(frame) = decoder.read_next_frame().map_err(damaged)? {
        points += u64::from(frame.width) * u64::from(frame.height);
        if frames.len() == FRAMES_MAX || points > ANIMATION_POINTS_MAX {
            return Err(RasterRefused::Frames);
        }
        let mut frame = frame.clone();
        // The decoder has put the lines in order.
        frame.interlaced = false;
        frames.push(frame);
    }
    if frames.is_empty() {
        return Err(RasterRefused::Damaged);
    }
    let palette = decoder.global_palette().unwrap_or_default();
    let mut content = Vec::new();
    let mut encoder = gif::Encoder::new(&mut content, width, height, palette).map_err(damaged)?;
    // How often an animation is repeated is known only when its pictures are read.
    encoder.set_repeat(decoder.repeat()).map_err(damaged)?;
    for frame in &frames {
        encoder.write_frame(frame).map_err(damaged)?;
    }
    drop(encoder);
    Ok((content, width.into(), height.into()))
}

#[cfg(test)]
mod tests {
    use gif::{Frame, Repeat};
    use image::{Rgba, RgbaImage};

    use super::*;

    /// A picture in which no two rows are alike, partly transparent.
    fn picture(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| Rgba([x as u8, y as u8, 90, if x == 0 { 10 } else { 255 }]))
    }

    fn written(format: image::ImageFormat, picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    async fn try_read(file: &[u8], name: &str) -> Result<Raster, RasterRefused> {
        read(file.to_vec(), name.to_owned(), String::new()).await
    }

    fn animation(pictures: usize, side: u16, comment: &[u8]) -> Vec<u8> {
        let palette = [0, 0, 0, 255, 0, 0];
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, side, side, &palette).unwrap();
        encoder.set_repeat(Repeat::Infinite).unwrap();
        encoder.write_raw_extension(gif::Extension::Comment.into(), &[comment]).unwrap();
        for number in 0..pictures {
            let points = vec![(number % 2) as u8; usize::from(side) * usize::from(side)];
            let mut frame = Frame::from_indexed_pixels(side, side, points, None);
            frame.delay = 7;
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        bytes
    }

    #[tokio::test]
    async fn an_image_is_written_anew_point_by_point() {
        for (format, name, own) in [
            (image::ImageFormat::Png, "a.png", ImageFormat::Png),
            (image::ImageFormat::WebP, "a.webp", ImageFormat::Webp),
        ] {
            let raster = try_read(&written(format, picture(30, 20)), name).await.unwrap();
            assert_eq!((raster.format, raster.width, raster.height, raster.digest.len()), (own, 30, 20, 32));
            let again = image::load_from_memory_with_format(&raster.content, format).unwrap();
            assert_eq!(again.into_rgba8(), picture(30, 20), "{name}");
        }
        let photograph = DynamicImage::from(picture(30, 20)).into_rgb8();
        let raster = try_read(&written(image::ImageFormat::Jpeg, photograph), "a.jpg").await.unwrap();
        let again = image::load_from_memory(&raster.content).unwrap();
        assert_eq!((raster.format, again.width(), again.height()), (ImageFormat::Jpeg, 30, 20));
    }

    #[tokio::test]
    async fn an_animation_stays_one_and_its_comment_goes() {
        let file = animation(3, 5, b"made by hand");
        assert!(file.windows(7).any(|window| window == b"by hand"));
        let raster = try_read(&file, "a.gif").await.unwrap();
        assert!(!raster.content.windows(7).any(|window| window == b"by hand"));
        let mut decoder = DecodeOptions::new().read_info(&raster.content[..]).unwrap();
        let mut pictures = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            pictures.push((frame.delay, frame.buffer[0]));
        }
        assert_eq!((pictures, decoder.repeat()), (vec![(7, 0), (7, 1), (7, 0)], Repeat::Infinite));
        assert_eq!(try_read(&animation(FRAMES_MAX + 1, 1, b""), "a.gif").await.unwrap_err(), RasterRefused::Frames);
    }

    #[tokio::test]
    async fn what_is_too_much_or_no_image_is_refused_with_a_reason() {
        let png = |picture: RgbaImage| written(image::ImageFormat::Png, picture);
        let wide = png(RgbaImage::new(SIDE_PIXELS_MAX + 1, 1));
        assert_eq!(try_read(&wide, "a.png").await.unwrap_err(), RasterRefused::Size(SIDE_PIXELS_MAX + 1, 1));
        assert_eq!(try_read(&animation(1, 2_001, b""), "a.gif").await.unwrap_err(), RasterRefused::Size(2_001, 2_001));
        // A few bytes that claim to be 100,000 points wide and high.
        let mut bomb = png(picture(4, 4));
        bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
        assert!(try_read(&bomb, "a.png").await.is_err());
        let mut torn = png(picture(64, 64));
        let middle = torn.len() / 2;
        torn[middle..middle + 8].fill(0);
        assert_eq!(try_read(&torn, "a.png").await.unwrap_err(), RasterRefused::Damaged);
        // Noise cannot be made smaller.
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise = RgbaImage::from_fn(450, 400, |_, _| Rgba([noise(), noise(), noise(), 255]));
        let refused = try_read(&png(noise), "a.png").await.unwrap_err();
        assert!(matches!(refused, RasterRefused::Heavy(kib) if kib > 512), "{refused}");
    }
}
