"""Calls about numbers and AI Guardian, with all their fields."""

from datetime import date

import telegent as t
from tests.harness.vendor_requests import (
    CALL_FILTER,
    ENTRIES,
    ICCID,
    MESSAGE_FILTER,
    PORT,
    Call,
    N,
    of,
)

NUMBER_CALLS: list[Call] = [
    lambda api: api.numbers.availability(
        t.AvailabilitySearch(
            message_type="p2p",
            message_enabled=True,
            voice_enabled=True,
            area_code="201",
            zip_code="84043",
        )
    ),
    lambda api: api.numbers.provision(
        t.NumberProvision(
            number_type="mvno",
            message_type="p2p",
            message_enabled=True,
            voice_enabled=True,
            product_type="Sms+Data+Voice",
            data_enabled=True,
            message_route_id="M",
            voice_route_id="C",
            area_code="201",
            zip_code="84043",
            iccid=ICCID,
            assigned_subscriber_id="S",
            account_id="AID-1",
        )
    ),
    lambda api: api.numbers.update(
        t.NumberUpdate(
            number=N,
            message_enabled=True,
            voice_enabled=True,
            message_type="p2p",
            classification="MVNO",
            message_route_id="M",
            voice_route_id="C",
            assigned_subscriber_id="S",
            iccid=ICCID,
            cnam_first_name="J",
            cnam_last_name="D",
            product_type="Data-Only",
        )
    ),
    lambda api: api.numbers.change_status(
        t.StatusChange(
            status_change="swap",
            effective_date=date(2026, 5, 13),
            phone_numbers=[t.StatusChangeNumber(number=N)],
            area_code="201",
            zip_code="84043",
        )
    ),
    lambda api: api.numbers.change_status(
        t.StatusChange(
            status_change="swap-sim",
            effective_date=date(2026, 5, 13),
            phone_numbers=[t.StatusChangeNumber(number=N, iccid=ICCID)],
        )
    ),
    lambda api: api.sims.clear(t.SimClear(iccid=ICCID)),
    lambda api: api.numbers.reactivate(t.NumberReactivate(phone_number=N, account_id="AID-1")),
    lambda api: api.ports.eligibility(t.PortEligibilityQuery(phone_number=N, kind="wireless")),
    lambda api: api.ports.submit(of(t.PortIn, PORT, port_in_number=N)),
    lambda api: api.ports.update(of(t.PortInUpdate, PORT, order_id="J")),
    lambda api: api.ports.cancel("J"),
    lambda api: api.ports.port_out(t.PortOut(port_out_number=N, port_out_pin="1234")),
    lambda api: api.data_usage.set_limits(
        t.DataUsageLimits(
            value_unit="MB",
            limit_value=20,
            notify_value=10,
            throttle_value=15,
            throttle_speed="1-mbps",
            phone_numbers=[N],
        )
    ),
    lambda api: api.data_usage.settings([N]),
    lambda api: api.data_usage.info([N]),
    lambda api: api.data_usage.set_renewal(
        t.DataRenewal(
            phone_numbers=[N],
            auto_renew=True,
            period_type="M",
            renewal_day=31,
            reset_usage=False,
            period_value=1,
        )
    ),
    lambda api: api.guardian.set_features(
        t.GuardianFeatures(
            subscriber_id="S",
            enable_intelligent_guardian_calls=True,
            enable_intelligent_guardian_messages=True,
        )
    ),
    lambda api: api.guardian.create_relation(
        t.GuardianRelation(parent_subscriber_id="P", child_subscriber_id="C", relation="Guardian")
    ),
    lambda api: api.guardian.delete_relation("P", "C"),
    lambda api: api.guardian.call_filters.create(of(t.CallFilterCreate, CALL_FILTER)),
    lambda api: api.guardian.call_filters.update(
        of(t.CallFilterUpdate, CALL_FILTER, filter_id="F")
    ),
    lambda api: api.guardian.message_filters.create(of(t.MessageFilterCreate, MESSAGE_FILTER)),
    lambda api: api.guardian.message_filters.update(
        of(t.MessageFilterUpdate, MESSAGE_FILTER, filter_id="F")
    ),
    lambda api: api.guardian.call_filters.delete("F"),
    lambda api: api.guardian.message_filters.delete("F"),
    lambda api: api.guardian.call_filters.add_allowed(ENTRIES),
    lambda api: api.guardian.call_filters.remove_allowed(ENTRIES),
    lambda api: api.guardian.call_filters.add_blocked(ENTRIES),
    lambda api: api.guardian.call_filters.remove_blocked(ENTRIES),
    lambda api: api.guardian.message_filters.add_allowed(ENTRIES),
    lambda api: api.guardian.message_filters.remove_allowed(ENTRIES),
    lambda api: api.guardian.message_filters.add_blocked(ENTRIES),
    lambda api: api.guardian.message_filters.remove_blocked(ENTRIES),
    lambda api: api.numbers.set_e911_address(
        t.E911AddressUpdate(
            phone_number=N,
            street1="1 Main St",
            street2="2",
            city="Lehi",
            state="UT",
            zip="84043",
            account_id="AID-1",
        )
    ),
    lambda api: api.numbers.e911_address(N, "AID-1"),
    lambda api: api.numbers.order("J"),
    lambda api: api.numbers.inventory_page(3, 10, "Active"),
    lambda api: api.numbers.details(phone_number=N),
    lambda api: api.numbers.details(iccid=ICCID),
    lambda api: api.guardian.features("S", "A"),
    lambda api: api.guardian.children("P"),
    lambda api: api.guardian.parents("C"),
    lambda api: api.guardian.call_filters.list("S", N, "A"),
    lambda api: api.guardian.message_filters.list("S", N, "A"),
    lambda api: api.guardian.call_filters.keywords("S", "F"),
    lambda api: api.guardian.call_filters.allowed("S", "F"),
    lambda api: api.guardian.call_filters.blocked("S", "F"),
    lambda api: api.guardian.message_filters.keywords("S", "F"),
    lambda api: api.guardian.message_filters.allowed("S", "F"),
    lambda api: api.guardian.message_filters.blocked("S", "F"),
]
