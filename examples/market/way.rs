//! The ways in which shops keep click ids and report orders.

use super::browser::Keeper;

/// Each shop has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// An image on the thank-you page, and nothing else.
    Image,
    /// `t.js` on every page, and `tallystick.convert` on the thank-you page, in a campaign whose first click counts, for
    /// longer than a cookie is kept before the network's answer.
    Convert,
    /// The server reports; the click ids are in the cookie that `t.js` sets.
    ServerTagKeeps,
    /// The server reports and keeps the click ids itself; `t.js` is there, too.
    Server,
    /// As above, and `tallystick.convert` beside it.
    Both,
    /// As [`Way::Server`], up to 20 days late, with the time of the order.
    Late,
    /// As [`Way::Server`], each order three times.
    Twice,
    /// As [`Way::Server`], in a campaign whose first click counts.
    FirstClick,
    /// As [`Way::Server`]; its shoppers' own browsers are led astray: toolbars open their link just before the order, and
    /// other sites open the shop again and again with click ids that they made up.
    LedAstray,
}

impl Way {
    pub const ALL: [Self; 9] = [
        Self::Image,
        Self::Convert,
        Self::ServerTagKeeps,
        Self::Server,
        Self::Both,
        Self::Late,
        Self::Twice,
        Self::FirstClick,
        Self::LedAstray,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "pixel alone (image)",
            Self::Convert => "pixel alone (tag)",
            Self::ServerTagKeeps => "server; the tag keeps",
            Self::Server => "server with tag",
            Self::Both => "server and pixel",
            Self::Late => "server, late",
            Self::Twice => "server, three times",
            Self::FirstClick => "server, first click",
            Self::LedAstray => "server, led astray",
        }
    }

    pub const fn keeper(self) -> Keeper {
        match self {
            Self::Image => Keeper::Nobody,
            Self::Convert | Self::ServerTagKeeps => Keeper::Tag,
            _ => Keeper::Server,
        }
    }

    pub const fn reports_by_server(self) -> bool {
        !matches!(self, Self::Image | Self::Convert)
    }

    pub const fn reports_by_pixel(self) -> bool {
        matches!(self, Self::Image | Self::Convert | Self::Both)
    }

    /// Server to server with tag: the group with a promise.
    pub const fn is_promised(self) -> bool {
        matches!(self, Self::Server | Self::Both | Self::Late | Self::Twice | Self::FirstClick)
    }

    pub const fn counts_first_click(self) -> bool {
        matches!(self, Self::FirstClick | Self::Convert)
    }

    pub const fn window_days(self) -> i64 {
        match self {
            Self::Both | Self::FirstClick => 7,
            Self::Twice => 14,
            Self::Convert => 60,
            _ => 30,
        }
    }
}
