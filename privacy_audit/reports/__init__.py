"""The forms of a report. Each module is pure: render(audit) -> str."""
