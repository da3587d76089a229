using System.Text.Json.Nodes;
using Espalier.Compression.Pruning;

namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    private static CyclesSection? Cycles(SectionFields fields, PruneSection prune, int rounds, TrainingSection? distill, CorrectionSection correction)
    {
        const string key = "cycles";
        if (prune is { Plan: not null } && rounds > 1)
            throw fields.At("score", $"rounds is {rounds} and prune.plan says already what stays; keep one of the two");
        if (prune.Method != PruneMethod.Importance && rounds > 1)
            throw fields.At("score", $"rounds is {rounds} and prune.method is {EnumName.Of(prune.Method)}, which scores nothing; leave one of them out");
        if (fields.Find(key) is null)
            return null;
        var section = fields.Section(key)!;
        if (prune.Plan is not null)
            throw fields.At(key, "prune.plan says what stays of the teacher in one cut; give sizes instead of it");
        if (prune.Method == PruneMethod.RandomInit)
            throw fields.At(key, "prune.method is random-init, which prunes nothing; leave one of them out");
        if (distill is null)
            throw fields.At(key, "each cycle distils what it has pruned, and there is no distill; for pruning in steps without training use score.rounds");
        if (correction.Mode == CorrectMode.Parallel)
            throw fields.At(key, "correct.mode is parallel, which trains the teacher along with one distillation; use mode: before");
        if (distill.Cache is not null)
            throw fields.At(key, "distill.cache is of one teacher and one run over the text; leave one of them out");
        var shapes = Shapes(section);
        foreach (var other in new[] { "count", "largest-cut" })
            if (shapes.Count > 0 && section.Has(other))
                throw section.Wrong(other, "cycles.shapes says already how many cycles there are and how much they cut; keep one of the two");
        if (section.Has("count") && section.Has("largest-cut"))
            throw section.Wrong("largest-cut", "it chooses the count, which is given; keep one of the two");
        return new()
        {
            Count = section.Size("count", most: 16),
            LargestCut = section.Share("largest-cut") ?? CyclesSection.DefaultLargestCut,
            Teacher = section.Choice<CycleTeacher>("teacher") ?? CycleTeacher.Original,
            Shapes = shapes,
        };
    }

    private static List<PruneTarget> Shapes(SectionFields section)
    {
        const string key = "shapes";
        if (section.Find(key) is not { } value)
            return [];
        if (value is not YamlList { Items.Count: > 0 } list)
            throw section.Wrong(key, "it must list shapes, as in: [{ hidden: 4096, ffn: 16384 }]");
        return [.. list.Items.Select(item => Sizes(section.Inside(item, key)))];
    }

    private static PruneTarget Sizes(SectionFields section) => new()
    {
        Hidden = section.Size("hidden"),
        Ffn = section.Size("ffn"),
        Heads = section.Size("heads"),
        KvHeads = section.Size("kv-heads"),
        Layers = section.Size("layers"),
        Multiple = section.Size("multiple"),
    };

    private static JsonObject Canonical(CyclesSection cycles)
    {
        var fields = new JsonObject { ["teacher"] = EnumName.Of(cycles.Teacher) };
        if (cycles.Shapes.Count > 0)
            fields["shapes"] = new JsonArray([.. cycles.Shapes.Select(shape => (JsonNode)Canonical(shape))]);
        else if (cycles.Count is { } count)
            fields["count"] = count;
        else
            fields["largest-cut"] = cycles.LargestCut;
        return fields;
    }

    private static JsonObject Canonical(PruneTarget target) => new()
    {
        ["hidden"] = target.Hidden,
        ["ffn"] = target.Ffn,
        ["heads"] = target.Heads,
        ["kv-heads"] = target.KvHeads,
        ["layers"] = target.Layers,
        ["multiple"] = target.Multiple,
    };
}
