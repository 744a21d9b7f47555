//! The databases' traits for the domain's types: ids and times are integers, closed sets are text.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo};
use sqlx::{Database, Decode, Encode, Type};

use crate::domain::account::AccountKind;
use crate::domain::campaign::{ApprovalMode, CampaignState};
use crate::domain::click::{ClickLabel, ClickReason, Consent};
use crate::domain::conversion::{Badge, ConversionState};
use crate::domain::creative::CreativeKind;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::*;
use crate::domain::ledger::Fact;
use crate::domain::money::Currency;
use crate::domain::notice::NoticeCode;
use crate::domain::party::{MemberState, PartyKind, PartyState, Role};
use crate::domain::payout::{PayableKind, PayoutRunState, PayoutState};
use crate::domain::payout_details::PayoutMethod;
use crate::domain::policy::Policy;
use crate::domain::raster::ImageFormat;
use crate::domain::reason::{Outcome, ReasonCode, RejectReason};
use crate::domain::report::{Basis, Grain};
use crate::domain::retention::Kept;
use crate::domain::review::StepReason;
use crate::domain::review_batch::{BatchAction, RowOutcome};
use crate::domain::terms::{FeeBasis, Model};
use crate::domain::time::{Day, Timestamp};
use crate::domain::visitor::DeviceClass;

macro_rules! stored_as_integer {
    ($($name:ident),*) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            i64: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <i64 as Type<DB>>::type_info()
            }
            fn compatible(info: &DB::TypeInfo) -> bool {
                <i64 as Type<DB>>::compatible(info)
            }
        }
        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            i64: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }
        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            i64: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <i64 as Decode<'r, DB>>::decode(value).map(Self)
            }
        }
        impl PgHasArrayType for $name {
            fn array_type_info() -> PgTypeInfo {
                <i64 as PgHasArrayType>::array_type_info()
            }
        }
    )*};
}

macro_rules! stored_as_text {
    ($($name:ident: $write:ident),* $(,)?) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            str: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as Type<DB>>::type_info()
            }
            fn compatible(info: &DB::TypeInfo) -> bool {
                <str as Type<DB>>::compatible(info)
            }
        }
        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            &'q str: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                <&'q str as Encode<'q, DB>>::encode(self.$write(), buffer)
            }
        }
        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            &'r str: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(<&'r str as Decode<'r, DB>>::decode(value)?.parse()?)
            }
        }
        impl PgHasArrayType for $name {
            fn array_type_info() -> PgTypeInfo {
                <&str as PgHasArrayType>::array_type_info()
            }
        }
    )*};
}

crate::domain::ids::for_every_id!(stored_as_integer);
stored_as_integer!(Timestamp, Day);
stored_as_text!(
    AccountKind: as_str,
    ApprovalMode: as_str,
    Badge: as_str,
    Basis: as_str,
    BatchAction: as_str,
    CampaignState: as_str,
    ClickLabel: as_str,
    ClickReason: as_str,
    Consent: as_str,
    ConversionState: as_str,
    CreativeKind: as_str,
    Currency: code,
    DeviceClass: as_str,
    EnrollmentState: as_str,
    Fact: as_str,
    FeeBasis: as_str,
    Grain: as_str,
    ImageFormat: as_str,
    Kept: as_str,
    MemberState: as_str,
    Model: as_str,
    NoticeCode: as_str,
    Outcome: as_str,
    PartyKind: as_str,
    PartyState: as_str,
    PayableKind: as_str,
    PayoutMethod: as_str,
    PayoutRunState: as_str,
    PayoutState: as_str,
    Policy: as_str,
    ReasonCode: as_str,
    RejectReason: as_str,
    Role: as_str,
    RowOutcome: as_str,
    StepReason: as_str,
);
