"""What Asterisk is asked of itself: our application, its modules, SIP objects and logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from controller.ari import operations
from controller.ari.requests import Requests
from controller.errors import AsteriskError

SHUT_OUT: Final = ("shut-out-a", "shut-out-b")
"""Access lists with those who are shut out (sorcery.conf), in turn: the new one is there before the old one goes."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Application:
    """Our Stasis application as Asterisk sees it: the ids of what it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]


class Server(Requests):
    """The server beside its calls."""

    async def application(self) -> Application | None:
        """Our application; None while it is not registered, that is, without an event stream."""
        found = await self._json(operations.GET_APPLICATION, {"applicationName": self.app}, gone=(404,))
        if found is None:
            return None
        return Application(found["name"], tuple(found["channel_ids"]), tuple(found["bridge_ids"]))

    async def subscribe(self, event_source: str) -> None:
        """Also events of `event_source`, such as channel:ID, which are not in Stasis (or no longer)."""
        await self._do(operations.SUBSCRIBE, {"applicationName": self.app}, {"eventSource": event_source})

    async def started_at(self) -> str:
        """When this Asterisk was started, as it says it: only good for telling one run from the next."""
        return str((await self._json(operations.INFO))["status"]["startup_time"])

    async def version(self) -> str:
        """Asterisk's version, such as 22.10.1."""
        return str((await self._json(operations.INFO))["system"]["version"])

    async def running_modules(self) -> frozenset[str]:
        """Names without `.so`."""
        found = await self._json(operations.LIST_MODULES)
        return frozenset(str(one["name"]).removesuffix(".so") for one in found if one["status"] == "Running")

    async def load_module(self, name: str) -> None:
        """Without `.so`. One that is loaded already is left as it is."""
        await self._do(operations.LOAD_MODULE, {"moduleName": f"{name}.so"}, gone=(409,))

    async def unload_module(self, name: str) -> None:
        await self._do(operations.UNLOAD_MODULE, {"moduleName": f"{name}.so"}, gone=(404, 409))

    async def sip_endpoints(self) -> dict[str, str]:
        """Name -> online, offline or unknown (nobody asks it)."""
        found = await self._json(operations.LIST_ENDPOINTS, {"tech": "PJSIP"})
        return {str(one["resource"]): str(one.get("state", "unknown")) for one in found}

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Makes a `kind` of SIP object (endpoint, auth), or gives one other fields, until Asterisk ends."""
        given = [{"attribute": attribute, "value": value} for attribute, value in fields.items()]
        await self._do(operations.PUT_OBJECT, _sip(kind, name), body={"fields": given})

    async def object_fields(self, kind: str, name: str) -> dict[str, str]:
        """Of a `kind` of SIP object; none where there is no such object."""
        found = await self._json(operations.GET_OBJECT, _sip(kind, name), gone=(404,))
        return {str(one["attribute"]): str(one["value"]) for one in found or ()}

    async def delete_object(self, kind: str, name: str) -> None:
        await self._do(operations.DELETE_OBJECT, _sip(kind, name), gone=(404,))

    async def reload_module(self, name: str) -> None:
        """A module reads its configuration again; calls go on meanwhile."""
        await self._do(operations.RELOAD_MODULE, {"moduleName": name})

    async def rotate_log(self, name: str) -> None:
        """A log file begins anew; the old one is kept beside it, with a number."""
        await self._do(operations.ROTATE_LOG, {"logChannelName": name})

    async def endpoint_state(self, name: str) -> str:
        """Of a SIP endpoint: online, offline or unknown; empty where there is none."""
        found = await self._json(operations.GET_ENDPOINT, {"tech": "PJSIP", "resource": name}, gone=(404,))
        return "" if found is None else str(found.get("state", ""))

    async def shut_out(self, addresses: Sequence[str]) -> None:
        """SIP from these addresses, and from no others, is refused (403) from now on, until Asterisk ends."""
        there = [name for name in SHUT_OUT if await self._has_list(name)]
        if len(there) == len(SHUT_OUT):
            await self.delete_object("acl", there.pop())
        if addresses:
            await self._make_list(next(name for name in SHUT_OUT if name not in there), addresses)
        for name in there:
            await self.delete_object("acl", name)

    async def _make_list(self, name: str, addresses: Sequence[str]) -> None:
        """Asterisk 22.10.1 makes it and then answers 500, for it has no words to show one; so none can be changed."""
        denied = {"attribute": "deny", "value": ",".join(addresses)}
        await self._do(operations.PUT_OBJECT, _sip("acl", name), body={"fields": [denied]}, gone=(500,))
        if not await self._has_list(name):
            raise AsteriskError("PUT access list", 500, "Asterisk has not made it")

    async def _has_list(self, name: str) -> bool:
        status, _ = await self._request(operations.GET_OBJECT, _sip("acl", name), {}, None, (404, 500))
        return status != 404

    async def trunk_networks(self) -> list[Network]:
        """From where Asterisk takes calls by the address alone."""
        networks: list[Network] = []
        for endpoint in await self.sip_endpoints():
            matches = (await self.object_fields("identify", endpoint)).get("match", "")
            networks += [ip_network(one.strip(), strict=False) for one in matches.split(",") if one.strip()]
        return networks


def _sip(kind: str, name: str) -> dict[str, str]:
    return {"configClass": "res_pjsip", "objectType": kind, "id": name}
