//! Numbers of bank accounts, as ISO 13616 has them: a country, two check digits, and what the country's banks say.

use std::fmt;

/// Shown of a masked number, at its end.
const TAIL: usize = 4;

/// Countries of the IBAN registry, with the length of their numbers. Sorted.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// A number that is in form: its country has such numbers, of this length, and its check digits are right. Whether the
/// account exists only its bank knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Iban(String);

/// Why a text is no IBAN. The sentences repeat nothing of the number but its country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IbanRefused {
    #[error("An IBAN has a country's two letters, two digits, and then letters and digits only.")]
    Form,
    #[error("No country of the IBAN registry has these two letters at the beginning.")]
    UnknownCountry,
    #[error("An IBAN of {country} has {expected} characters, and this one has {found}.")]
    Length { country: &'static str, expected: usize, found: usize },
    #[error("The check digits do not fit: a digit or a letter is wrong, or two have changed places.")]
    CheckDigits,
}

impl Iban {
    /// Reads a number in either case, with or without spaces.
    pub fn parse(text: &str) -> Result<Self, IbanRefused> {
        let number: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let number = number.to_ascii_uppercase();
        let bytes = number.as_bytes();
        let is_in_form = bytes.len() > 4
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
            && bytes[4..].iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if !is_in_form {
            return Err(IbanRefused::Form);
        }
        let place = LENGTHS.binary_search_by_key(&&number[..2], |(country, _)| *country);
        let (country, expected) = LENGTHS[place.map_err(|_| IbanRefused::UnknownCountry)?];
        if number.len() != expected {
            return Err(IbanRefused::Length { country, expected, found: number.len() });
        }
        // 00, 01 and 99 leave the same remainder as 97, 98 and 02, and are given to nobody.
        let is_given = ("02"..="98").contains(&&number[2..4]);
        if is_given && remainder(&number) == 1 { Ok(Self(number)) } else { Err(IbanRefused::CheckDigits) }
    }

    /// In upper case, without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country of the account: two letters.
    pub fn country(&self) -> &str {
        &self.0[..2]
    }

    /// As it is printed: in groups of four.
    pub fn grouped(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    /// The country and the end: enough to tell one's own accounts apart, and no more.
    pub fn masked(&self) -> String {
        format!("{}\u{2026}{}", self.country(), &self.0[self.0.len() - TAIL..])
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iban({})", self.masked())
    }
}

/// What the number leaves when it is divided by 97, its beginning moved to the end, A read as 10 and Z as 35.
fn remainder(number: &str) -> u32 {
    let (beginning, rest) = number.split_at(4);
    let digits = rest.chars().chain(beginning.chars()).filter_map(|letter| letter.to_digit(36));
    digits.fold(0, |sum, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (sum * shift + value) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that countries publish in the registry.
    const EXAMPLES: &[&str] = &[
        "AD1200012030200359100100",
        "AE070331234567890123456",
        "AL47212110090000000235698741",
        "AT611904300234573201",
        "AZ21NABZ00000000137010001944",
        "BA391290079401028494",
        "BE68539007547034",
        "BG80BNBG96611020345678",
        "BH67BMAG00001299123456",
        "BR1800360305000010009795493C1",
        "CH9300762011623852957",
        "CR05015202001026284066",
        "CY17002001280000001200527600",
        "CZ6508000000192000145399",
        "DE89370400440532013000",
        "DK5000400440116243",
        "DO28BAGR00000001212453611324",
        "EE382200221020145685",
        "EG380019000500000000263180002",
        "ES9121000418450200051332",
        "FI2112345600000785",
        "FO6264600001631634",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "GE29NB0000000101904917",
        "GI75NWBK000000007099453",
        "GL8964710001000206",
        "GR1601101250000000012300695",
        "GT82TRAJ01020000001210029690",
        "HR1210010051863000160",
        "HU42117730161111101800000000",
        "IE29AIBK93115212345678",
        "IL620108000000099999999",
        "IS140159260076545510730339",
        "IT60X0542811101000000123456",
        "JO94CBJO0010000000000131000302",
        "KW81CBKU0000000000001234560101",
        "KZ86125KZT5004100100",
        "LB62099900000001001901229114",
        "LI21088100002324013AA",
        "LT121000011101001000",
        "LU280019400644750000",
        "LV80BANK0000435195001",
        "MC5811222000010123456789030",
        "MD24AG000225100013104168",
        "ME25505000012345678951",
        "MK07250120000058984",
        "MT84MALT011000012345MTLCAST001S",
        "MU17BOMM0101101030300200000MUR",
        "NL91ABNA0417164300",
        "NO9386011117947",
        "PK36SCBL0000001123456702",
        "PL61109010140000071219812874",
        "PT50000201231234567890154",
        "QA58DOHB00001234567890ABCDEFG",
        "RO49AAAA1B31007593840000",
        "RS35260005601001611379",
        "SA0380000000608010167519",
        "SE4550000000058398257466",
        "SI56263300012039086",
        "SK3112000000198742637541",
        "SM86U0322509800000000270100",
        "TN5910006035183598478831",
        "TR330006100519786457841326",
        "UA213223130000026007233566001",
        "VG96VPVG0000012345678901",
        "XK051212012345678906",
    ];

    #[test]
    fn countries_are_sorted_and_named_once() {
        assert!(LENGTHS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_examples_of_many_countries_are_read_in_either_form() {
        for example in EXAMPLES {
            let iban = Iban::parse(example).unwrap_or_else(|refused| panic!("{example}: {refused}"));
            assert_eq!((iban.as_str(), iban.country()), (*example, &example[..2]));
            let printed = iban.grouped();
            assert!(printed.split(' ').all(|group| (1..=4).contains(&group.len())), "{printed}");
            for form in [printed.clone(), printed.to_lowercase(), format!("\u{a0}{example}\t")] {
                assert_eq!(Iban::parse(&form).unwrap(), iban, "{form:?}");
            }
        }
    }

    #[test]
    fn a_number_is_printed_in_groups_and_masked_to_its_end() {
        let iban = Iban::parse("de89 3704 0044 0532 0130 00").unwrap();
        assert_eq!(iban.grouped(), "DE89 3704 0044 0532 0130 00");
        assert_eq!(iban.masked(), "DE\u{2026}3000");
        assert_eq!(format!("{iban:?}"), "Iban(DE\u{2026}3000)");
    }

    #[test]
    fn every_single_wrong_character_is_refused() {
        for example in EXAMPLES {
            for place in 2..example.len() {
                let right = example.as_bytes()[place];
                let others = if right.is_ascii_digit() { b'0'..=b'9' } else { b'A'..=b'Z' };
                for other in others.filter(|other| *other != right) {
                    let wrong = format!("{}{}{}", &example[..place], char::from(other), &example[place + 1..]);
                    assert_eq!(Iban::parse(&wrong), Err(IbanRefused::CheckDigits), "{example} as {wrong}");
                }
            }
        }
    }

    /// Remainders do not see one exchange: a letter's with the digit of which it is eleven times the value, as `2M`
    /// and `M2`. Two digits, or two letters, they always see.
    #[test]
    fn two_neighbours_that_changed_places_are_refused() {
        let mut seen = 0;
        for example in EXAMPLES {
            let bytes = example.as_bytes();
            for place in 2..example.len() - 1 {
                let (first, second) = (bytes[place], bytes[place + 1]);
                if first == second || first.is_ascii_digit() != second.is_ascii_digit() {
                    continue;
                }
                let mut swapped = bytes.to_vec();
                swapped.swap(place, place + 1);
                let swapped = String::from_utf8(swapped).unwrap();
                assert_eq!(Iban::parse(&swapped), Err(IbanRefused::CheckDigits), "{example} as {swapped}");
                seen += 1;
            }
        }
        assert!(seen > 500, "{seen}");
        assert_eq!(Iban::parse("ED89370400440532013000"), Err(IbanRefused::UnknownCountry));
    }

    #[test]
    fn what_is_no_iban_is_refused_with_the_reason() {
        use IbanRefused::{CheckDigits, Form, Length, UnknownCountry};
        let short = Length { country: "DE", expected: 22, found: 21 };
        let long = Length { country: "DE", expected: 22, found: 23 };
        let cases = [
            ("", Form),
            ("DE89", Form),
            ("DE89-3704-0044-0532-0130-00", Form),
            ("D189370400440532013000", Form),
            ("DEX9370400440532013000", Form),
            ("DE8937040044053201300\u{663}", Form),
            ("\u{ff24}E89370400440532013000", Form),
            ("US89370400440532013000", UnknownCountry),
            ("DE8937040044053201300", short.clone()),
            ("DE893704004405320130000", long),
            ("DE00370400440532013000", CheckDigits),
        ];
        for (text, expected) in cases {
            assert_eq!(Iban::parse(text), Err(expected), "{text}");
        }
        assert_eq!(short.to_string(), "An IBAN of DE has 22 characters, and this one has 21.");
    }

    #[test]
    fn check_digits_that_nobody_is_given_are_refused() {
        // 01 leaves the same remainder as 98, and 99 the same as 02.
        for (right, wrong) in [("98", "01"), ("97", "00"), ("02", "99")] {
            let good = (0..1_000_u32).find_map(|number| {
                let text = format!("BE{right}{number:012}");
                Iban::parse(&text).ok()
            });
            let good = good.expect("one of so many has these check digits");
            let bad = format!("BE{wrong}{}", &good.as_str()[4..]);
            assert_eq!((remainder(&bad), Iban::parse(&bad)), (1, Err(IbanRefused::CheckDigits)));
        }
    }
}
