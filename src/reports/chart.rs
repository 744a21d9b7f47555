//! A series by day as SVG: plotters draws the lines, this file writes the words and the frame around them.
//!
//! Colours are exactly the light palette's: the style sheet maps them to the reader's theme. Sizes and colours are
//! attributes; there is no style attribute, which the content security policy would block.

use std::fmt::Write as _;

use plotters::prelude::*;

use crate::domain::time::Day;

const SERIES: RGBColor = RGBColor(0x0B, 0x6E, 0x69);
const GRID: RGBColor = RGBColor(0xE7, 0xE5, 0xDC);
const AXIS: RGBColor = RGBColor(0x7C, 0x82, 0x7B);

/// Room for the words, in units of the drawing.
const LEFT: i32 = 64;
const RIGHT: i32 = 16;
const TOP: i32 = 16;
const BOTTOM: i32 = 32;

/// What is drawn.
pub struct Series<'a> {
    /// What it is, with its unit: the drawing's name for those who hear it.
    pub title: &'a str,
    /// One sentence with range, total and best day.
    pub description: &'a str,
    /// At least one day, upwards.
    pub points: &'a [(Day, i64)],
    /// A value in words, as in `12.50`.
    pub show: &'a dyn Fn(i64) -> String,
}

/// How large, and for which width of the page: `wide` or `narrow`.
#[derive(Clone, Copy)]
pub struct Size {
    pub class: &'static str,
    pub width: u32,
    pub height: u32,
}

pub const WIDE: Size = Size { class: "wide", width: 960, height: 260 };
pub const NARROW: Size = Size { class: "narrow", width: 340, height: 200 };

/// The drawing as an `<svg>` element.
pub fn svg(series: &Series<'_>, size: Size) -> String {
    let top = round_up(series.points.iter().map(|(_, value)| *value).max().unwrap_or(0));
    let Size { class, width, height } = size;
    let drawn = draw(series.points, top, size).unwrap_or_default();
    format!(
        "<svg class=\"{class}\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\"><title>{}</title>\
        <desc>{}</desc>{}{}</svg>",
        escape(&format!("{}. {}", series.title, series.description)),
        escape(series.title),
        escape(series.description),
        inside(&drawn),
        words(series, top, size),
    )
}

/// Half of the highest line is a line too, where that is a whole number.
fn lines(top: i64) -> impl Iterator<Item = i64> {
    let middle = (top % 2 == 0).then_some(top / 2);
    std::iter::once(0).chain(middle).chain(std::iter::once(top))
}

/// The next of 1, 2, 4, 5 or 10 times a power of ten.
fn round_up(value: i64) -> i64 {
    let mut unit = 1_i64;
    loop {
        for step in [1, 2, 4, 5] {
            let Some(top) = unit.checked_mul(step) else { return i64::MAX };
            if value <= top {
                return top;
            }
        }
        let Some(next) = unit.checked_mul(10) else { return i64::MAX };
        unit = next;
    }
}

type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

fn draw(points: &[(Day, i64)], top: i64, size: Size) -> Drawn<String> {
    let mut drawn = String::new();
    {
        let root = SVGBackend::with_string(&mut drawn, (size.width, size.height)).into_drawing_area();
        let last = (points.len() as i64 - 1).max(1);
        let mut chart = ChartBuilder::on(&root)
            .margin_left(LEFT)
            .margin_right(RIGHT)
            .margin_top(TOP)
            .margin_bottom(BOTTOM)
            .build_cartesian_2d(0..last, 0..top)?;
        for value in lines(top) {
            let color = if value == 0 { AXIS } else { GRID };
            chart.draw_series(std::iter::once(PathElement::new([(0, value), (last, value)], color)))?;
        }
        let line: Vec<(i64, i64)> = (0..).zip(points).map(|(place, (_, value))| (place, *value)).collect();
        chart.draw_series(AreaSeries::new(line.iter().copied(), 0, SERIES.mix(0.1)))?;
        chart.draw_series(LineSeries::new(line.iter().copied(), SERIES.stroke_width(2)))?;
        if let [(place, value)] = line[..] {
            chart.draw_series(std::iter::once(Circle::new((place, value), 3, SERIES.filled())))?;
        }
        root.present()?;
    }
    Ok(drawn)
}

/// What stands between the drawing's own outermost tags.
fn inside(drawn: &str) -> &str {
    let inner = drawn.split_once('>').map_or("", |(_, rest)| rest);
    inner.rsplit_once("</svg>").map_or(inner, |(shapes, _)| shapes).trim()
}

/// Values at the lines, and the first, middle and last day.
fn words(series: &Series<'_>, top: i64, size: Size) -> String {
    let (width, height) = (i64::from(size.width), i64::from(size.height));
    let (low, high) = (height - i64::from(BOTTOM), i64::from(TOP));
    let mut words = String::new();
    for value in lines(top) {
        let y = i128::from(low) - i128::from(low - high) * i128::from(value) / i128::from(top);
        text(&mut words, i64::from(LEFT) - 8, y as i64 + 4, "end", &(series.show)(value));
    }
    let days = series.points;
    let x = |place: usize| {
        let room = width - i64::from(LEFT) - i64::from(RIGHT);
        i64::from(LEFT) + room * place as i64 / (days.len() as i64 - 1).max(1)
    };
    let mut places = vec![(0, "start")];
    if days.len() > 2 {
        places.push((days.len() / 2, "middle"));
    }
    if days.len() > 1 {
        places.push((days.len() - 1, "end"));
    }
    for (place, anchor) in places {
        if let Some((day, _)) = days.get(place) {
            text(&mut words, x(place), height - 10, anchor, &day.to_string());
        }
    }
    words
}

fn text(into: &mut String, x: i64, y: i64, anchor: &str, words: &str) {
    let words = escape(words);
    // Writing into a String cannot fail.
    let _ = write!(into, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(Day, i64)]) -> String {
        let title = "Unique clicks <per day>";
        svg(&Series { title, description: "2 to 5 March: 12.", points, show: &|value| value.to_string() }, NARROW)
    }

    #[test]
    fn a_series_is_drawn_with_its_words() {
        let first: Day = "2026-03-02".parse().unwrap();
        let points: Vec<(Day, i64)> = [3, 0, 7, 2].into_iter().zip(0..).map(|(n, day)| (first.plus(day), n)).collect();
        insta::assert_snapshot!("series_by_day", series(&points));
    }

    #[test]
    fn nothing_is_inline_style_and_one_day_or_no_click_can_be_drawn() {
        let day: Day = "2026-03-02".parse().unwrap();
        for points in [vec![(day, 5)], vec![(day, 0)], vec![(day, 0), (day.plus(1), 0)], vec![(day, i64::MAX / 2)]] {
            let drawn = series(&points);
            assert!(!drawn.contains("style=") && !drawn.contains("NaN") && !drawn.contains("<per day>"), "{drawn}");
            assert!(drawn.contains("#0B6E69") && drawn.matches("<svg").count() == 1);
            assert!(drawn.contains("#7C827B") && drawn.contains(">0</text>"), "the axis is there: {drawn}");
        }
    }

    #[test]
    fn the_highest_line_is_a_round_number() {
        let rounded: Vec<i64> = [0, 1, 2, 3, 5, 6, 41, 99, 101, 4_001].into_iter().map(round_up).collect();
        assert_eq!(rounded, [1, 1, 2, 4, 5, 10, 50, 100, 200, 5_000]);
    }
}
