rollback prepared 'forgotten'; -- noqa: PRS
