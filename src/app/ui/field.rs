//! Form fields: label above, hint below, the error under the field.

use leptos::prelude::*;

use crate::app::islands::PasswordInput;

/// One line of text, a number, a date, an address: whatever `kind` says.
#[component]
pub fn Field(
    #[prop(into)] name: String,
    label: &'static str,
    #[prop(optional, into)] value: String,
    /// The input's type; `text` by default.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(default = true)] required: bool,
    #[prop(default = "")] inputmode: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let notes = Notes::of(&name, &hint, &error);
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <input
                id=name.clone()
                name=name
                type=kind
                value=value
                required=required
                autofocus=autofocus
                autocomplete=(!autocomplete.is_empty()).then_some(autocomplete)
                inputmode=(!inputmode.is_empty()).then_some(inputmode)
                aria-describedby=notes.described_by()
                aria-invalid=notes.invalid()
            />
            {notes.view(hint, error)}
        </div>
    }
}

/// A password, with a button that shows it where scripts run.
#[component]
pub fn PasswordField(
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    autocomplete: &'static str,
) -> impl IntoView {
    let notes = Notes::of(name, &hint, &error);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <PasswordInput name=name.to_owned() autocomplete=autocomplete.to_owned()/>
            {notes.view(hint, error)}
        </div>
    }
}

/// Several lines. Leptos does not escape what stands inside a `textarea` on the server, so this does.
#[component]
pub fn TextArea(
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    #[prop(default = 6)] rows: u32,
    #[prop(default = true)] required: bool,
) -> impl IntoView {
    let notes = Notes::of(name, &hint, &error);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <textarea
                id=name
                name=name
                rows=rows.to_string()
                required=required
                aria-describedby=notes.described_by()
                aria-invalid=notes.invalid()
                inner_html=escape(&value)
            ></textarea>
            {notes.view(hint, error)}
        </div>
    }
}

/// Text as it may stand inside an element.
pub fn escape(text: &str) -> String {
    // A first line break would be swallowed by the parser.
    let start = if text.starts_with('\n') { "\n" } else { "" };
    format!("{start}{}", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// One of a few: pairs of value and label.
#[component]
pub fn Select(
    #[prop(into)] name: String,
    label: &'static str,
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
) -> impl IntoView {
    let notes = Notes::of(&name, &hint, &error);
    let options: Vec<_> = options
        .into_iter()
        .map(|(key, text)| view! { <option value=key.clone() selected={key == value}>{text}</option> })
        .collect();
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <select id=name.clone() name=name aria-describedby=notes.described_by() aria-invalid=notes.invalid()>
                {options}
            </select>
            {notes.view(hint, error)}
        </div>
    }
}

/// A number with the unit that it is in: pairs of value and label.
#[component]
pub fn QuantityField(
    #[prop(into)] name: String,
    label: &'static str,
    #[prop(into)] value: String,
    #[prop(into)] unit_name: String,
    unit_label: &'static str,
    #[prop(into)] unit: String,
    units: Vec<(&'static str, &'static str)>,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] error: String,
    #[prop(default = true)] required: bool,
) -> impl IntoView {
    let notes = Notes::of(&name, &hint, &error);
    let units: Vec<_> = units
        .into_iter()
        .map(|(key, text)| view! { <option value=key selected={key == unit}>{text}</option> })
        .collect();
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <span class="money-input">
                <input
                    id=name.clone()
                    name=name
                    inputmode="decimal"
                    autocomplete="off"
                    value=value
                    required=required
                    aria-describedby=notes.described_by()
                    aria-invalid=notes.invalid()
                />
                <select name=unit_name aria-label=unit_label>{units}</select>
            </span>
            {notes.view(hint, error)}
        </div>
    }
}

/// A box to tick.
#[component]
pub fn Check(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] checked: bool,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name=name value="true" checked=checked required=required/>
            <span>{label}</span>
        </label>
    }
}

/// A value that travels with the form.
#[component]
pub fn Hidden(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value/> }
}

/// The form's button.
#[component]
pub fn Submit(label: &'static str, #[prop(default = "btn btn-primary")] class: &'static str) -> impl IntoView {
    view! { <button type="submit" class=class>{label}</button> }
}

/// Hint and error of a field, tied to it for screen readers.
struct Notes {
    name: String,
    has_hint: bool,
    has_error: bool,
}

impl Notes {
    fn of(name: &str, hint: &str, error: &str) -> Self {
        Self { name: name.to_owned(), has_hint: !hint.is_empty(), has_error: !error.is_empty() }
    }

    fn described_by(&self) -> Option<String> {
        match (self.has_hint, self.has_error) {
            (true, true) => Some(format!("{0}-hint {0}-error", self.name)),
            (true, false) => Some(format!("{}-hint", self.name)),
            (false, true) => Some(format!("{}-error", self.name)),
            (false, false) => None,
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        self.has_error.then_some("true")
    }

    fn view(&self, hint: String, error: String) -> impl IntoView + use<> {
        let (hint_id, error_id) = (format!("{}-hint", self.name), format!("{}-error", self.name));
        view! {
            {self.has_hint.then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {self.has_error.then(|| view! { <p class="error" id=error_id>{error}</p> })}
        }
    }
}
