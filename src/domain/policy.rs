//! Which kind of evidence decides whose a conversion is, where several kinds name a publisher (domain.md section 4).

text_enum! {
    /// By what a report names a publisher.
    pub enum EvidenceKind {
        /// A click id, in the report or in a cookie.
        Click = "click",
        /// A publisher's code.
        Coupon = "coupon",
        /// A customer who is bound to a publisher.
        Customer = "customer",
    }
}

text_enum! {
    /// The order in which a campaign asks the kinds: the first that names a publisher decides. Every kind is asked, so
    /// that no publisher loses a coupon's order because nobody clicked.
    #[derive(Default)]
    pub enum Policy {
        #[default]
        ClickCouponCustomer = "click,coupon,customer",
        ClickCustomerCoupon = "click,customer,coupon",
        CouponClickCustomer = "coupon,click,customer",
        CouponCustomerClick = "coupon,customer,click",
        CustomerClickCoupon = "customer,click,coupon",
        CustomerCouponClick = "customer,coupon,click",
    }
}

impl Policy {
    pub const fn order(self) -> [EvidenceKind; 3] {
        use EvidenceKind::{Click, Coupon, Customer};
        match self {
            Self::ClickCouponCustomer => [Click, Coupon, Customer],
            Self::ClickCustomerCoupon => [Click, Customer, Coupon],
            Self::CouponClickCustomer => [Coupon, Click, Customer],
            Self::CouponCustomerClick => [Coupon, Customer, Click],
            Self::CustomerClickCoupon => [Customer, Click, Coupon],
            Self::CustomerCouponClick => [Customer, Coupon, Click],
        }
    }

    /// The first kind, in this order, of which there is any.
    pub fn first(self, is_there: impl Fn(EvidenceKind) -> bool) -> Option<EvidenceKind> {
        self.order().into_iter().find(|kind| is_there(*kind))
    }

    /// For people: `click, then coupon, then customer`.
    pub fn words(self) -> String {
        self.order().map(EvidenceKind::as_str).join(", then ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policys_name_is_its_order() {
        for policy in Policy::ALL {
            assert_eq!(policy.order().map(EvidenceKind::as_str).join(","), policy.as_str());
        }
        assert_eq!(Policy::default().words(), "click, then coupon, then customer");
    }

    #[test]
    fn the_first_kind_of_which_there_is_any_decides() {
        use EvidenceKind::{Click, Customer};
        let policy = Policy::CouponCustomerClick;
        assert_eq!(policy.first(|_| false), None);
        assert_eq!(policy.first(|kind| kind == Click), Some(Click));
        assert_eq!(policy.first(|kind| kind == Click || kind == Customer), Some(Customer));
    }
}
