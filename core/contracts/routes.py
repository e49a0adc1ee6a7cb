"""Every route of the backend's API in one table: Flask, OpenAPI, TypeScript and the tests read it."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from core.contracts import annotations, api, api_mapping, datasets, exchange, nomenclature, presence, projects, training


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `answer` is a model, or the media type of a binary answer."""

    name: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    answer: type[BaseModel] | str | None
    body: type[BaseModel] | None = None
    query: tuple[tuple[str, type[int] | type[str]], ...] = ()
    status: int = 200
    public: bool = False


PROJECT = "/api/projects/{project}"
MAPPING = PROJECT + "/mapping"
BRAIN = "/api/brains/{brain}"
STEP = BRAIN + "/alignment/{section}"
SECTION = "/api/brains/{brain}/sections/{section}"
PNG, JPEG, EVENTS, BINARY = "image/png", "image/jpeg", "text/event-stream", "application/octet-stream"

ROUTES: tuple[Route, ...] = (
    Route("read_health", "GET", "/api/health", "Whether the backend and what it needs are there", api.Health, public=True),
    Route("read_openapi", "GET", "/api/openapi.json", "This document", "application/json", public=True),
    Route("log_in", "POST", "/api/session", "Log in with a local account", api.Session, body=api.Login, public=True),
    Route("read_session", "GET", "/api/session", "Who is logged in", api.Session),
    Route("log_out", "DELETE", "/api/session", "Log out", None, status=204),
    Route(
        "change_password",
        "PUT",
        "/api/session/password",
        "Change one's own password; one's other sessions end",
        None,
        body=api.NewPassword,
        status=204,
    ),
    Route("list_brains", "GET", "/api/brains", "Every brain dataset", api.BrainList),
    Route("read_brain", "GET", "/api/brains/{brain}", "One brain and its sections", datasets.Brain),
    Route("read_alignment", "GET", "/api/brains/{brain}/alignment", "The alignment of a brain's sections", datasets.Alignment),
    Route(
        "set_step",
        "PUT",
        STEP,
        "Set the transform to the next section by hand; computing leaves it alone",
        datasets.Alignment,
        body=api.SetStep,
    ),
    Route("unset_step", "DELETE", STEP, "Take back a transform set by hand", datasets.Alignment),
    Route("list_brain_sections", "GET", BRAIN + "/sections", "A brain's sections with their state", api.BrainSections),
    Route("list_brain_jobs", "GET", BRAIN + "/jobs", "The jobs on a brain", api.BrainJobList),
    Route(
        "create_brain_job",
        "POST",
        BRAIN + "/jobs",
        "Compute tissue classes or alignment",
        api.BrainJob,
        body=api.NewBrainJob,
        status=201,
    ),
    Route("read_brain_job_log", "GET", BRAIN + "/jobs/{job}/log", "The end of a job's log", api.JobLog),
    Route("cancel_brain_job", "POST", BRAIN + "/jobs/{job}/cancel", "Stop a job on a brain", api.BrainJob),
    Route("read_tissue", "GET", SECTION + "/tissue", "Tissue classes of a section and what was painted", api.TissueView),
    Route(
        "read_tissue_raster",
        "GET",
        SECTION + "/tissue/{version}",
        "Tissue classes as palette PNG: background transparent, white matter, gray matter",
        PNG,
    ),
    Route(
        "save_tissue_correction",
        "PUT",
        SECTION + "/tissue",
        "Replace the strokes painted over the computed classes; 409 when somebody was faster",
        api.TissueView,
        body=api.SaveTissueCorrection,
    ),
    Route("read_pyramid", "GET", SECTION + "/pyramid", "How to address a section's tiles", datasets.TilePyramid),
    Route(
        "read_tile", "GET", SECTION + "/tiles/{version}/{level}/{column}/{row}", "One tile of a section, cached for ever", JPEG
    ),
    Route(
        "read_crop",
        "GET",
        SECTION + "/crop/{version}",
        "A rectangle of a section at full resolution, pixel by pixel",
        PNG,
        query=(("x", int), ("y", int), ("width", int), ("height", int)),
    ),
    Route("read_thumbnail", "GET", SECTION + "/thumbnail/{version}", "A section, at most 256 px wide", JPEG),
    Route("list_projects", "GET", "/api/projects", "The projects you may see", api.ProjectList),
    Route("create_project", "POST", "/api/projects", "Create a project", projects.Project, body=api.NewProject, status=201),
    Route("read_project", "GET", PROJECT, "One project with the progress of its areas", api.ProjectSummary),
    Route("read_nomenclature", "GET", "/api/nomenclature", "Areas of the Julich-Brain nomenclature", nomenclature.Nomenclature),
    Route(
        "save_areas",
        "PUT",
        PROJECT + "/areas",
        "Name and colour the areas of a project; one in use stays",
        projects.Project,
        body=nomenclature.SaveAreas,
    ),
    Route("set_member", "PUT", PROJECT + "/members/{user}", "Give a user a role", projects.Project, body=projects.NewMember),
    Route("remove_member", "DELETE", PROJECT + "/members/{user}", "Take a user out of a project", projects.Project),
    Route("list_sections", "GET", PROJECT + "/sections", "The filmstrip with its marks", api.SectionStates),
    Route(
        "list_annotations",
        "GET",
        PROJECT + "/sections/{section}/annotations",
        "The annotations of a section, or of those the ones that are named, with commas between",
        api.AnnotationList,
        query=(("only", str),),
    ),
    Route(
        "list_annotation_versions",
        "GET",
        PROJECT + "/sections/{section}/versions",
        "At which version each annotation of a section is; a page asks for those that it has in another one",
        annotations.AnnotationVersions,
    ),
    Route(
        "list_deleted_annotations",
        "GET",
        PROJECT + "/sections/{section}/deleted",
        "The deleted annotations of a section, newest first; saving one at its version restores it",
        api.AnnotationList,
    ),
    Route(
        "save_annotation",
        "PUT",
        PROJECT + "/annotations/{uid}",
        "Create or replace one region; 409 with the other revision when somebody was faster",
        api.SavedAnnotation,
        body=api.SaveAnnotation,
    ),
    Route(
        "delete_annotation",
        "DELETE",
        PROJECT + "/annotations/{uid}",
        "Delete one region; the deletion is a revision and can be restored",
        api.SavedAnnotation,
        query=(("version", int),),
    ),
    Route("list_revisions", "GET", PROJECT + "/annotations/{uid}/revisions", "The history of a region", api.RevisionList),
    Route(
        "recognise_import",
        "POST",
        PROJECT + "/imports/recognise",
        "What annotation files hold, by section and name; stores nothing",
        exchange.RecognisedImport,
        body=exchange.RecogniseImport,
    ),
    Route(
        "create_import",
        "POST",
        PROJECT + "/imports",
        "Import annotation files; of each section all or nothing",
        exchange.ImportResult,
        body=exchange.NewImport,
        status=201,
    ),
    Route("list_imports", "GET", PROJECT + "/imports", "A project's imports, newest first", exchange.StoredImportList),
    Route(
        "take_back_import",
        "DELETE",
        PROJECT + "/imports/{key}",
        "Delete what an import stored and nobody has changed since",
        exchange.ImportTakenBack,
    ),
    Route(
        "restore_import",
        "POST",
        PROJECT + "/imports/{key}/restore",
        "Draw again what taking an import back has deleted",
        exchange.ImportRestored,
    ),
    Route(
        "read_shape_proposal",
        "GET",
        PROJECT + "/sections/{section}/proposal",
        "An area's outline interpolated between the annotated sections around this one",
        api.ShapeProposal,
        query=(("area", str),),
    ),
    Route(
        "read_suggestion",
        "GET",
        PROJECT + "/suggestions/{area}",
        "Which section to annotate next",
        api.SectionSuggestion,
    ),
    Route(
        "read_training_offer",
        "GET",
        PROJECT + "/training/{area}",
        "Pairs, presets and estimates for the wizard",
        api.TrainingOffer,
    ),
    Route("list_tasks", "GET", PROJECT + "/tasks", "The training tasks of a project", api.TaskList),
    Route(
        "create_task", "POST", PROJECT + "/tasks", "Start a training task", projects.TrainingTask, body=api.NewTask, status=201
    ),
    Route("list_jobs", "GET", PROJECT + "/jobs", "The jobs of a project", api.JobList),
    Route("read_job", "GET", PROJECT + "/jobs/{job}", "One job", api.ProjectJob),
    Route(
        "read_job_progress",
        "GET",
        PROJECT + "/jobs/{job}/progress",
        "A job's progress lines, for the loss curve",
        api.JobProgress,
        query=(("offset", int),),
    ),
    Route("read_model_report", "GET", PROJECT + "/jobs/{job}/model", "How good a job's model is", training.ModelReport),
    Route("read_job_log", "GET", PROJECT + "/jobs/{job}/log", "The end of a job's log", api.JobLog),
    Route("cancel_job", "POST", PROJECT + "/jobs/{job}/cancel", "Stop a job", api.ProjectJob),
    Route(
        "create_inspection",
        "POST",
        PROJECT + "/inspections",
        "Look inside a model at one place of a section",
        api.InspectionView,
        body=api.NewInspection,
        status=201,
    ),
    Route("read_inspection", "GET", PROJECT + "/inspections/{job}", "What a look inside a model showed", api.InspectionView),
    Route(
        "read_inspection_picture", "GET", PROJECT + "/inspections/{job}/pictures/{picture}", "One of its pictures, as PNG", PNG
    ),
    Route("list_mapping", "GET", MAPPING, "Jobs of features and graphs, and presets for new ones", api_mapping.MappingJobs),
    Route(
        "create_mapping",
        "POST",
        MAPPING,
        "Start learning features, classifying patches, computing the surface or the areas on it",
        api_mapping.MappingJob,
        body=api_mapping.NewMapping,
        status=201,
    ),
    Route("read_mapping_log", "GET", MAPPING + "/{job}/log", "The end of such a job's log", api.JobLog),
    Route("cancel_mapping", "POST", MAPPING + "/{job}/cancel", "Stop such a job", api_mapping.MappingJob),
    Route("read_mapping_result", "GET", MAPPING + "/{job}/result", "What such a job found", api_mapping.MappingResult),
    Route(
        "read_surface",
        "GET",
        MAPPING + "/{job}/surfaces/{brain}",
        "The surface of a brain with what was found on it, as safetensors",
        BINARY,
    ),
    Route(
        "read_packed_surface",
        "GET",
        MAPPING + "/{job}/surfaces/{brain}/packed",
        "The same packed for a picture of it, with gzip (core.formats.packed_surface)",
        BINARY,
    ),
    Route(
        "list_predictions",
        "GET",
        PROJECT + "/sections/{section}/predictions",
        "The newest prediction of each area on a section",
        api.PredictionList,
    ),
    Route("read_label_raster", "GET", PROJECT + "/predictions/{prediction}/label", "Class numbers as 8-bit PNG", PNG),
    Route(
        "read_confidence_raster",
        "GET",
        PROJECT + "/predictions/{prediction}/confidence",
        "Probability of the label times 255 as 8-bit PNG",
        PNG,
    ),
    Route(
        "read_probability_raster",
        "GET",
        PROJECT + "/predictions/{prediction}/probability",
        "Calibrated probability of the area times 255 as 8-bit PNG",
        PNG,
    ),
    Route(
        "read_entropy_raster",
        "GET",
        PROJECT + "/predictions/{prediction}/entropy",
        "Entropy over the classes, from 0 to that of an even guess, times 255 as 8-bit PNG",
        PNG,
    ),
    Route(
        "read_prediction_outline", "GET", PROJECT + "/predictions/{prediction}/outline", "The area's outline", api.OutlineList
    ),
    Route(
        "review_prediction",
        "POST",
        PROJECT + "/predictions/{prediction}/review",
        "Accept or reject a prediction, or take the verdict back",
        projects.Prediction,
        body=api.NewReview,
    ),
    Route(
        "correct_prediction",
        "POST",
        PROJECT + "/predictions/{prediction}/correct",
        "Make the prediction an editable annotation with its lineage",
        api.SavedAnnotation,
        status=201,
    ),
    Route(
        "export_project",
        "GET",
        PROJECT + "/export",
        "Masks (png, tiff), drawings (geojson, svg, paris, juelich) or areas (csv); of one section, or of all as a zip",
        BINARY,
        query=(("format", str), ("section", int), ("source", str)),
    ),
    Route(
        "list_changes",
        "GET",
        PROJECT + "/changes",
        "Changes after a sequence number",
        api.ChangeList,
        query=(("after", int),),
    ),
    Route(
        "tell_presence",
        "PUT",
        PROJECT + "/presence",
        "This page is open; who else is there",
        presence.PresenceList,
        body=presence.Here,
    ),
    Route("leave_presence", "DELETE", PROJECT + "/presence/{page}", "This page is closed", None, status=204),
    Route(
        "stream_changes", "GET", PROJECT + "/events", "The same changes as server-sent events", EVENTS, query=(("after", int),)
    ),
)
