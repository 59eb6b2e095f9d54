"""The verbs on projects and their references. Every one is one transaction and leaves an entry in the audit log."""

from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from access import queries as access
from accounts.models import ApiKey, Seat
from audit.actions import Actor, record
from takes import references
from takes.errors import Invalid, NotAllowed
from takes.models import Project, Reference
from takes.permits import actor, check_key, may, may_submit, once
from takes.wishes import fingerprint


def create_project(*, seat: Seat, name: str, key: str, api_key: ApiKey | None = None) -> Project:
    check_key(key)
    name = _project_name(name)
    asked = fingerprint(name=name)

    def new() -> Project:
        may(access.entitlements(seat), "edit_projects")
        project = Project.objects.create(studio=seat.studio, name=name, created_by=seat, key=key, fingerprint=asked)
        _record_project(actor(seat, api_key), "created", project)
        return project

    return once(Project, asked, new, created_by=seat, key=key)


def rename_project(*, seat: Seat, project: Project, name: str) -> Project:
    return _change_project(seat, project, "renamed", name=_project_name(name))


def archive_project(*, seat: Seat, project: Project) -> Project:
    """Put a project away. Its takes stay; what is under way goes on; `restore_project` undoes it."""
    return _change_project(seat, project, "archived", archived_at=project.archived_at or timezone.now())


def restore_project(*, seat: Seat, project: Project) -> Project:
    return _change_project(seat, project, "restored", archived_at=None)


def add_reference(
    *, seat: Seat, project: Project, upload: IO[bytes], name: str, api_key: ApiKey | None = None
) -> Reference:
    """Take in an image. The same picture sent again to a project gives the first one."""
    entitlements = access.entitlements(seat)
    may_submit(entitlements, project)
    if not entitlements.references:
        raise NotAllowed(f"Your tier ({entitlements.tier}) does not include reference images.", field="reference")
    picture = references.clean(upload)
    if known := project.references.filter(sha256=picture.sha256).first():
        return known
    stored = default_storage.save(f"references/{project.pk}/{picture.sha256}.jpg", ContentFile(picture.content))
    try:
        with transaction.atomic():
            reference = Reference.objects.create(
                project=project,
                seat=seat,
                name=name[:120] or "image",
                file=stored,
                sha256=picture.sha256,
                width=picture.width,
                height=picture.height,
                size=len(picture.content),
            )
            record(
                actor=actor(seat, api_key),
                action="reference.added",
                target=reference,
                studio=project.studio_id,
                facts={"project": str(project.pk), "sha256": picture.sha256},
            )
    except IntegrityError:
        default_storage.delete(stored)
        return project.references.get(sha256=picture.sha256)
    except BaseException:
        default_storage.delete(stored)
        raise
    return reference


def _project_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 120:
        raise Invalid("A project needs a name of at most 120 characters.", field="name")
    return name


def _change_project(seat: Seat, project: Project, what: str, **changes: Any) -> Project:
    with transaction.atomic():
        may(access.entitlements(seat), "edit_projects")
        for name, value in changes.items():
            setattr(project, name, value)
        project.save(update_fields=list(changes))
        _record_project(Actor.of_seat(seat), what, project)
    return project


def _record_project(who: Actor, what: str, project: Project) -> None:
    record(
        actor=who,
        action=f"project.{what}",
        target=project,
        studio=project.studio_id,
        facts={},
        personal={"name": project.name},
    )
