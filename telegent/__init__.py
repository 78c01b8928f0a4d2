"""An async client for the Telegent mPaaS API: tokens, rate limit, errors and resources."""

from telegent._models import (
    ActiveFilter as ActiveFilter,
    Address as Address,
    AddressResponse as AddressResponse,
    MessageType as MessageType,
    ProductType as ProductType,
    RequestModel as RequestModel,
    ResponseModel as ResponseModel,
    RouteAuthentication as RouteAuthentication,
    UrlMethod as UrlMethod,
)
from telegent._text import (
    canonical as canonical,
    id_key as id_key,
    same_iccid as same_iccid,
    same_id as same_id,
    same_text as same_text,
)
from telegent._transport import (
    CALL_TIMEOUT_FACTOR as CALL_TIMEOUT_FACTOR,
    RequestCounts as RequestCounts,
    RequestObserver as RequestObserver,
    Timeouts as Timeouts,
    send_deadline as send_deadline,
)
from telegent.accounts import (
    Account as Account,
    AccountCreate as AccountCreate,
    Accounts as Accounts,
    AccountUpdate as AccountUpdate,
)
from telegent.allowance import (
    Allowance as Allowance,
)
from telegent.client import (
    Telegent as Telegent,
    validate_base_url as validate_base_url,
)
from telegent.data_usage import (
    DataRenewal as DataRenewal,
    DataUsage as DataUsage,
    DataUsageLimits as DataUsageLimits,
    DataUsageNumber as DataUsageNumber,
    DataUsageResult as DataUsageResult,
    ThrottleSpeed as ThrottleSpeed,
    ValueUnit as ValueUnit,
)
from telegent.errors import (
    AuthenticationError as AuthenticationError,
    BadRequestError as BadRequestError,
    ConflictError as ConflictError,
    Effect as Effect,
    InvalidCredentialsError as InvalidCredentialsError,
    NotFoundError as NotFoundError,
    OutcomeUnknownError as OutcomeUnknownError,
    PermissionDeniedError as PermissionDeniedError,
    RateLimitError as RateLimitError,
    RequestNotSentError as RequestNotSentError,
    RequestRejectedError as RequestRejectedError,
    TelegentError as TelegentError,
)
from telegent.filters import (
    CallFilter as CallFilter,
    CallFilterCreate as CallFilterCreate,
    CallFilterUpdate as CallFilterUpdate,
    FilterEntries as FilterEntries,
    Filters as Filters,
    KeywordFilter as KeywordFilter,
    KeywordFilterResponse as KeywordFilterResponse,
    MessageFilter as MessageFilter,
    MessageFilterCreate as MessageFilterCreate,
    MessageFilterUpdate as MessageFilterUpdate,
)
from telegent.guardian import (
    Guardian as Guardian,
    GuardianFeatureFlags as GuardianFeatureFlags,
    GuardianFeatures as GuardianFeatures,
    GuardianRelation as GuardianRelation,
    Relation as Relation,
)
from telegent.message_routes import (
    MessageRoute as MessageRoute,
    MessageRouteCreate as MessageRouteCreate,
    MessageRoutes as MessageRoutes,
    MessageRouteUpdate as MessageRouteUpdate,
)
from telegent.number_status import (
    ChangedNumber as ChangedNumber,
    NumberReactivate as NumberReactivate,
    NumberReactivateResponse as NumberReactivateResponse,
    StatusChange as StatusChange,
    StatusChangeKind as StatusChangeKind,
    StatusChangeNumber as StatusChangeNumber,
    StatusChangeResponse as StatusChangeResponse,
)
from telegent.numbers import (
    Availability as Availability,
    AvailabilitySearch as AvailabilitySearch,
    AvailableArea as AvailableArea,
    E911AddressResponse as E911AddressResponse,
    E911AddressUpdate as E911AddressUpdate,
    E911AddressUpdateResponse as E911AddressUpdateResponse,
    InventoryPage as InventoryPage,
    Number as Number,
    NumberProvision as NumberProvision,
    Numbers as Numbers,
    NumberType as NumberType,
    NumberUpdate as NumberUpdate,
    NumberUpdateResponse as NumberUpdateResponse,
    Order as Order,
    OrderedNumber as OrderedNumber,
    ProvisionedNumber as ProvisionedNumber,
    parse_activation_code as parse_activation_code,
)
from telegent.packages import (
    Package as Package,
    PackageCreate as PackageCreate,
    PackageItem as PackageItem,
    PackageItemAdd as PackageItemAdd,
    PackageItemNew as PackageItemNew,
    PackageItemUpdate as PackageItemUpdate,
    Packages as Packages,
    PackageUpdate as PackageUpdate,
)
from telegent.ports import (
    PortBillingAddress as PortBillingAddress,
    PortDialect as PortDialect,
    PortEligibility as PortEligibility,
    PortEligibilityQuery as PortEligibilityQuery,
    PortIn as PortIn,
    PortInCancelResponse as PortInCancelResponse,
    PortInOrder as PortInOrder,
    PortInUpdate as PortInUpdate,
    PortInUpdateResponse as PortInUpdateResponse,
    PortKind as PortKind,
    PortOut as PortOut,
    PortOutOrder as PortOutOrder,
    Ports as Ports,
)
from telegent.products import (
    BillingFrequency as BillingFrequency,
    Product as Product,
    ProductCreate as ProductCreate,
    Products as Products,
    ProductUpdate as ProductUpdate,
)
from telegent.rate_limiter import (
    Permit as Permit,
    RateLimiter as RateLimiter,
    requests_in_window as requests_in_window,
)
from telegent.sims import (
    SimClear as SimClear,
    SimClearResponse as SimClearResponse,
    Sims as Sims,
)
from telegent.subscribers import (
    Role as Role,
    Subscriber as Subscriber,
    SubscriberAccount as SubscriberAccount,
    SubscriberCreate as SubscriberCreate,
    SubscriberPage as SubscriberPage,
    Subscribers as Subscribers,
    SubscriberTransfer as SubscriberTransfer,
    SubscriberUpdate as SubscriberUpdate,
)
from telegent.subscriptions import (
    Subscription as Subscription,
    SubscriptionCreate as SubscriptionCreate,
    Subscriptions as Subscriptions,
    SubscriptionType as SubscriptionType,
    SubscriptionUpdate as SubscriptionUpdate,
)
from telegent.voice_routes import (
    AllowedIp as AllowedIp,
    RouteType as RouteType,
    TrunkTransport as TrunkTransport,
    VoiceRoute as VoiceRoute,
    VoiceRouteCreate as VoiceRouteCreate,
    VoiceRoutes as VoiceRoutes,
    VoiceRouteUpdate as VoiceRouteUpdate,
)
from telegent.webhooks import (
    Event as Event,
    Webhook as Webhook,
    WebhookCreate as WebhookCreate,
    Webhooks as Webhooks,
    WebhookUpdate as WebhookUpdate,
)
