//! Plots of how costs grow: both axes are logarithmic, with one line per contender.

use std::error::Error;

use plotters::prelude::*;

use crate::process::Outcome;

/// A line: the contender's name, and the points.
pub(super) type Line = (&'static str, Vec<(f64, f64)>);

const SIZE: (u32, u32) = (720, 420);
/// Colours that people with red-green blindness can tell apart, too.
const COLORS: [RGBColor; 3] = [
    RGBColor(0, 90, 181),
    RGBColor(220, 120, 0),
    RGBColor(110, 110, 110),
];

/// Draws `lines` as an SVG document.
///
/// # Errors
/// When there is nothing to draw.
pub(super) fn draw(title: &str, x: &str, y: &str, lines: &[Line]) -> Outcome<String> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let x_range = range(points().map(|point| point.0)).ok_or("no points to plot")?;
    let y_range = range(points().map(|point| point.1)).ok_or("no points to plot")?;
    let mut svg = String::new();
    let text = |error: &dyn Error| format!("cannot plot {title}: {error}");
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| text(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(
                (x_range.0..x_range.1).log_scale(),
                (y_range.0 * 0.8..y_range.1 * 1.25).log_scale(),
            )
            .map_err(|error| text(&error))?;
        chart
            .configure_mesh()
            .x_desc(x)
            .y_desc(y)
            .x_label_formatter(&|value| format!("{value}"))
            .y_label_formatter(&|value| format!("{value}"))
            .light_line_style(BLACK.mix(0.06))
            .draw()
            .map_err(|error| text(&error))?;
        for ((who, points), color) in lines.iter().zip(COLORS) {
            let line = LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3);
            chart
                .draw_series(line)
                .map_err(|error| text(&error))?
                .label(*who)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.2))
            .draw()
            .map_err(|error| text(&error))?;
        area.present().map_err(|error| text(&error))?;
    }
    Ok(svg)
}

/// The smallest and the largest of `values`, made to differ.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    (low.is_finite() && low > 0.0).then(|| (low, high.max(low * 1.01)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_and_named() {
        let lines = [
            ("ours", vec![(1.0, 0.5), (10.0, 0.7)]),
            ("MIT", vec![(1.0, 1.2), (10.0, 3.0)]),
        ];
        let svg = draw("klist", "tickets", "ms", &lines).unwrap();
        assert!(svg.starts_with("<svg"), "{svg}");
        for text in ["klist", "tickets", "ours", "MIT"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(draw("nothing", "x", "y", &[]).is_err());
    }
}
