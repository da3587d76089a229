using System.Text.Json.Nodes;
using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>All of a model's folder but its shape and its weights: what a folder that is made from it takes over.</summary>
/// <param name="Family">The family.</param>
/// <param name="RawConfig">The fields of <c>config.json</c>.</param>
/// <param name="GenerationConfig">Those of <c>generation_config.json</c>; null where there is none.</param>
/// <param name="Carried">Files that are written as they are: tokenizer, chat template, licence.</param>
internal sealed record ModelHead(
    Family Family, JsonObject RawConfig, JsonObject? GenerationConfig, IReadOnlyList<CarriedFile> Carried);

/// <summary>A file that a model's folder takes over as it is.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Write">Writes it under a path.</param>
internal sealed record CarriedFile(string Name, long Bytes, Action<string> Write);
