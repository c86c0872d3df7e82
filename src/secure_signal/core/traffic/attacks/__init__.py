"""The attacks: every kind by its name, which is also the anomaly type of the rule that finds it."""

from collections.abc import Callable, Iterator

from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.attacks import inside, sign_in, takeover
from secure_signal.core.traffic.attacks.opportunity import Opportunity

Attack = Callable[[Opportunity], Iterator[Step]]

# In the order of the first round: what shows soon comes first.
KINDS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        sign_in.brute_force,
        inside.privilege_escalation,
        takeover.impossible_travel,
        inside.mass_download,
        sign_in.credential_stuffing,
        takeover.new_device_payout,
        sign_in.mfa_fatigue,
        inside.api_key_abuse,
        takeover.session_hijack,
        sign_in.password_spray,
        takeover.recovery_hijack,
        inside.audit_tampering,
        inside.api_enumeration,
        takeover.dormant_account,
        sign_in.fake_accounts,
    )
}
