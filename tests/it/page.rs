//! Reading a page as a browser without scripts does: its forms with their hidden fields, its text.

use crate::support::{Answer, Browser};

/// A form of a page: where it goes, and what it carries along.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// The form's own markup.
    pub text: String,
}

/// The text between two marks, the first time.
pub fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\""), "\"").map(unescape)
}

pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&")
}

/// What a person reads: without tags, white space folded.
pub fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(letter),
            _ => {}
        }
    }
    unescape(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every form of a page.
pub fn forms(html: &str) -> Vec<Form> {
    let parts = html.split("<form").skip(1);
    let forms = parts.filter_map(|part| {
        let text = part.split("</form>").next()?.to_owned();
        let head = text.split('>').next()?.to_owned();
        let inputs = text.split("<input").skip(1).filter_map(|input| input.split('>').next());
        let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
        let fields = hidden.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?))).collect();
        Some(Form { action: attribute(&head, "action").unwrap_or_default(), fields, text })
    });
    forms.collect()
}

impl Answer {
    /// The form that goes to `action` and holds `mark`.
    pub fn form(&self, action: &str, mark: &str) -> Form {
        let found = forms(&self.text).into_iter().find(|form| form.action == action && form.text.contains(mark));
        found.unwrap_or_else(|| panic!("no form to {action} with {mark:?} in: {}", plain(&self.text)))
    }

    pub fn plain(&self) -> String {
        plain(&self.text)
    }
}

impl Browser {
    /// Fills in a form of a page and sends it; gives the page that it leads to.
    pub async fn fill(&self, form: &Form, entered: &[(&str, &str)]) -> Answer {
        let hidden = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let hidden = hidden.filter(|(name, _)| !entered.iter().any(|(own, _)| own == name));
        self.submit(&form.action, &hidden.chain(entered.iter().copied()).collect::<Vec<_>>()).await
    }

    /// Opens a page, fills in the form that goes to `action`, and sends it.
    pub async fn act(&self, path: &str, action: &str, mark: &str, entered: &[(&str, &str)]) -> Answer {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.plain());
        self.fill(&page.form(action, mark), entered).await
    }
}
