"""Our side of a call, played to a bot without a telephone: to hear it (`direct_call`), and to judge it (`run`)."""
