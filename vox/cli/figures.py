"""Figures as a person reads them: times, sizes, how often real time, and how values are spread."""

from collections.abc import Callable

__all__ = ["shown_ms", "shown_size", "shown_speed", "shown_spread"]


def shown_ms(value: float) -> str:
    """Milliseconds, or seconds from one second on."""
    return f"{value / 1000:.2f}s" if value >= 1000 else f"{value:.0f}ms"


def shown_speed(factor: float) -> str:
    """How often the audio's own duration fits into the time of the work."""
    return f"{factor:.2f}x realtime" if factor else "n/a"


def shown_size(count: int) -> str:
    """Bytes, in the unit that leaves a number of few digits."""
    if count >= 1 << 20:
        return f"{count / (1 << 20):.1f}MB"
    return f"{count / 1024:.0f}KB" if count >= 1024 else f"{count}B"


def shown_spread(values: dict[str, float], form: Callable[[float], str]) -> str:
    """Average, percentiles and extremes on a line."""
    return " ".join(f"{name}={form(values[name])}" for name in ("avg", "p50", "p95", "min", "max"))
