"""A secure session store on top of Redis, Valkey or ferrite_lite."""
