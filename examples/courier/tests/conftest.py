pytest_plugins = ["nosender.pytest"]
