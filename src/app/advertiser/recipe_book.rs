//! The recipes of the integration page, by platform: what to put where, complete and with this network and campaign in
//! it. Tests take each from its page and run it as it is printed.

use super::integration_samples::SCRIPT_ON_PAGES;
use crate::domain::ids::CampaignId;
use crate::domain::site::BaseUrl;
use crate::domain::terms::Terms;

/// How one platform reports its orders.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipe {
    /// In the page's address.
    pub slug: &'static str,
    pub name: &'static str,
    pub sentence: &'static str,
    pub steps: &'static [Step],
}

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub title: &'static str,
    pub text: &'static str,
    pub blocks: &'static [Block],
}

/// A text to copy: its name tells what it is, and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub name: &'static str,
    code: &'static str,
}

impl Block {
    /// The text with what is this network's, and this campaign's.
    pub fn filled(&self, base: &BaseUrl, campaign: CampaignId, parameter: &str, terms: &Terms) -> String {
        let event = terms.rules.first().map_or_else(|| "sale".to_owned(), |rule| rule.event.to_string());
        let values = [
            ("{base}", base.origin()),
            ("{campaign}", campaign.to_string()),
            ("{parameter}", parameter.to_owned()),
            ("{seconds}", terms.window.seconds().to_string()),
            ("{digits}", terms.first_currency().digits().to_string()),
            ("{event}", event),
        ];
        values.iter().fold(self.code.trim_end().to_owned(), |text, (mark, value)| text.replace(mark, value))
    }
}

/// The recipe of a page's address.
pub fn find(slug: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.slug == slug)
}

const SCRIPT_KEPT: Block = Block { name: "Script for your pages", code: include_str!("recipes/page-kept.html") };

pub const RECIPES: &[Recipe] = &[
    Recipe {
        slug: "nginx",
        name: "nginx",
        sentence: "The web server keeps the click id in a cookie by HTTP header; whatever stands behind it reports the order.",
        steps: &[
            Step {
                title: "Keep the click id",
                text: "A cookie that a script sets lives for seven days in some browsers. This one is set by header, and \
                    lives for the cookie duration. nginx cannot read the time in a click id, and so it keeps the four newest: \
                    where the first click counts, let the shop's own language keep them.",
                blocks: &[
                    Block { name: "tallystick.conf", code: include_str!("recipes/nginx.conf") },
                    Block { name: "In the server block", code: include_str!("recipes/nginx-location.conf") },
                ],
            },
            Step {
                title: "Count the landings",
                text: "The script says that a click has arrived, and takes out an id that is not this campaign's. It \
                    leaves the cookie to the server.",
                blocks: &[SCRIPT_KEPT],
            },
            Step {
                title: "Report the order",
                text: "Your shop reads the cookie and sends its text as click_id: see the recipe of its language, or the \
                    signed call on the integration page. Or let the script report the order on the page that thanks for it.",
                blocks: &[],
            },
        ],
    },
    Recipe {
        slug: "php",
        name: "PHP",
        sentence: "Two files without a framework: one keeps click ids and queues orders, the other reports them by cron.",
        steps: &[
            Step {
                title: "Keep the click id",
                text: "Put the file beside your shop's code, and require it on every page where visitors land. The script \
                    says that a click has arrived, and takes out an id that is not this campaign's.",
                blocks: &[Block { name: "tallystick.php", code: include_str!("recipes/tallystick.php") }, SCRIPT_KEPT],
            },
            Step {
                title: "Queue the order",
                text: "It only writes a file, so that no customer waits. TALLYSTICK_QUEUE names the folder: make it \
                    writable for the web server, outside of what it serves.",
                blocks: &[Block { name: "Where an order is stored", code: include_str!("recipes/order.php") }],
            },
            Step {
                title: "Report the orders",
                text: "Cron runs this every minute, with TALLYSTICK_QUEUE and with the campaign's secret in \
                    TALLYSTICK_SECRET. What could not be sent is sent the next time; the network takes it for the same order.",
                blocks: &[Block { name: "tallystick-send.php", code: include_str!("recipes/tallystick-send.php") }],
            },
        ],
    },
    Recipe {
        slug: "node",
        name: "Node",
        sentence: "One module on Node's own library, for any framework: it keeps click ids and reports orders, signed.",
        steps: &[
            Step {
                title: "Add the module",
                text: "It needs Node 18 or newer, and the campaign's secret in TALLYSTICK_SECRET.",
                blocks: &[Block { name: "tallystick.mjs", code: include_str!("recipes/tallystick.mjs") }],
            },
            Step {
                title: "Keep the click id",
                text: "Call capture on every page where visitors land. The script says that a click has arrived, and takes \
                    out an id that is not this campaign's.",
                blocks: &[SCRIPT_KEPT],
            },
            Step {
                title: "Report the order",
                text: "Store the text of clickId with the order, and report the order when it is paid: in the background, \
                    so that no customer waits.",
                blocks: &[],
            },
        ],
    },
    Recipe {
        slug: "woocommerce",
        name: "WooCommerce",
        sentence: "One plugin file: it keeps click ids, stores them with the order, and reports the order when it is paid.",
        steps: &[
            Step {
                title: "Add the plugin",
                text: "Save it as wp-content/plugins/tallystick-woocommerce.php and activate it. It reports in the \
                    background, and again later while the network cannot be reached.",
                blocks: &[Block {
                    name: "tallystick-woocommerce.php",
                    code: include_str!("recipes/tallystick-woocommerce.php"),
                }],
            },
            Step {
                title: "Give it the secret",
                text: "TALLYSTICK_SECRET in the environment of PHP, or as a constant in wp-config.php.",
                blocks: &[],
            },
            Step {
                title: "Count the landings",
                text: "In the theme's head: the script says that a click has arrived, and takes out an id that is not this \
                    campaign's.",
                blocks: &[SCRIPT_KEPT],
            },
        ],
    },
    Recipe {
        slug: "shopify",
        name: "Shopify",
        sentence: "The theme hands the click id to the cart, a webhook reports the paid order, a web pixel adds what the cart missed.",
        steps: &[
            Step {
                title: "Hand the click id to the cart",
                text: "In theme.liquid, before the end of the head. The order then has it among its additional details, as \
                    the attribute tallystick.",
                blocks: &[Block { name: "theme.liquid", code: include_str!("recipes/shopify-theme.html") }],
            },
            Step {
                title: "Report the paid order",
                text: "Run the receiver behind https, and add a webhook for the event Order payment (orders/paid) in JSON \
                    under Settings, Notifications. Shopify shows its secret there.",
                blocks: &[Block { name: "shopify-webhook.mjs", code: include_str!("recipes/shopify-webhook.mjs") }],
            },
            Step {
                title: "Add a web pixel",
                text: "For orders that bypass the cart. Its reports are unverified and wait for your review; the webhook's \
                    report of the same order confirms them.",
                blocks: &[Block { name: "Custom pixel", code: include_str!("recipes/shopify-pixel.js") }],
            },
        ],
    },
    Recipe {
        slug: "stripe",
        name: "Stripe",
        sentence: "The checkout session carries the click id, and a webhook reports it when it is paid.",
        steps: &[
            Step {
                title: "Keep the click id",
                text: "On every page where visitors land; or by header, as the recipes for nginx, PHP and Node do.",
                blocks: &[Block { name: "Script for your pages", code: SCRIPT_ON_PAGES }],
            },
            Step {
                title: "Hand it to the session",
                text: "The click ids go into the metadata of the checkout session.",
                blocks: &[Block { name: "stripe-session.mjs", code: include_str!("recipes/stripe-session.mjs") }],
            },
            Step {
                title: "Report the paid session",
                text: "Run the receiver behind https, as the end point of two events: checkout.session.completed and \
                    checkout.session.async_payment_succeeded. TALLYSTICK_KEY is a key of this campaign.",
                blocks: &[Block { name: "stripe-webhook.mjs", code: include_str!("recipes/stripe-webhook.mjs") }],
            },
        ],
    },
    Recipe {
        slug: "tag-manager",
        name: "Tag manager",
        sentence: "Two tags of the type Custom HTML: the script on all pages, and the order from the data layer.",
        steps: &[
            Step {
                title: "A tag for all pages",
                text: "Custom HTML, with the trigger All Pages.",
                blocks: &[Block { name: "Tag for all pages", code: include_str!("recipes/tag-pages.html") }],
            },
            Step {
                title: "A variable",
                text: "A data layer variable with the name Ecommerce, which reads ecommerce: your shop pushes it with the \
                    event purchase, as for Google Analytics 4.",
                blocks: &[],
            },
            Step {
                title: "A tag for the order",
                text: "Custom HTML, with a custom event trigger for purchase. Its reports are unverified and wait for your \
                    review, so that a signed report from your server is better still.",
                blocks: &[Block { name: "Tag for the order", code: include_str!("recipes/tag-purchase.html") }],
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::terms::example;

    #[test]
    fn nothing_is_left_to_fill_in() {
        let base = BaseUrl::parse("https://network.example").unwrap();
        for recipe in RECIPES {
            assert_eq!(find(recipe.slug), Some(recipe));
            for block in recipe.steps.iter().flat_map(|step| step.blocks) {
                let text = block.filled(&base, CampaignId(42), "ref", &example(1));
                for mark in ["{base}", "{campaign}", "{parameter}", "{seconds}", "{digits}", "{event}"] {
                    assert!(!text.contains(mark), "{}, {}: {mark}", recipe.name, block.name);
                }
            }
        }
        assert_eq!(find("cobol"), None);
    }
}
