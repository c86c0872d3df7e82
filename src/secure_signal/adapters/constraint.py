"""What pydantic complains of, in the words of someone who wrote a setting or a query."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WORDS = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must have no control characters",
    "uuid_parsing": "must be a UUID",
    "extra_forbidden": "is no parameter of this call",
}


def reason(error: "ErrorDetails") -> str:
    """Why a value is refused: the constraint that it breaks."""
    words = _WORDS.get(error["type"])
    if words is None:
        return error["msg"].removeprefix("Value error, ")
    return words.format(**error.get("ctx", {})).replace("at least 1 characters", "at least 1 character")
