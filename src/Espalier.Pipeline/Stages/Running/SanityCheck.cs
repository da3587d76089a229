using System.Diagnostics;
using System.Runtime.InteropServices;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Families;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>
/// What is checked of a model that a stage has made, before anybody calls the stage done: against the plan, against the model that it was
/// made from, and against the one in memory. Each that passed is a line of the stage's record (<see cref="StageRecord.Checks"/>); one that
/// fails ends the run with exit code 1 and leaves the stage undone.
/// </summary>
internal sealed class SanityCheck(string stage, StageFolder folder, Checkpoint source, Checkpoint written) : IDisposable
{
    private readonly long _started = Stopwatch.GetTimestamp();

    // Elements of a tensor that are looked up in the tensor that they come from.
    private const int Looked = 16;

    private const int LogitTokens = 16;

    private IEnumerable<NamedParameter> Tensors => written.Family.Parameters(written.Config);

    /// <summary>
    /// The shape is the planned one, as many weights as that has are in the files, and of the config nothing else changed.
    /// </summary>
    public void Shape(DecoderConfig planned)
    {
        foreach (var axis in Axis.All)
            Require(axis.Of(written.Config) == axis.Of(planned),
                $"{axis.Field} is {axis.Of(written.Config)} but {axis.Of(planned)} was planned");
        Require(written.CountedParameters == planned.Parameters,
            $"{written.CountedParameters} weights are in the files but {planned.Parameters} were planned");
        var expected = Axis.All.Aggregate(source.Config, (config, axis) => axis.With(config, axis.Of(written.Config))) with
        {
            LayerKinds = planned.LayerKinds,
        };
        Require(expected.EosTokenIds.SequenceEqual(written.Config.EosTokenIds),
            "eos_token_id differs from the source model's");
        Require(expected == written.Config with { EosTokenIds = expected.EosTokenIds }, "more than sizes changed in config.json");
        Passed($"the shape is the planned one, with {Units.Exact(planned.Parameters)} weights, and no other field of the config changed");
    }

    /// <summary>Loaded again, it gives the logits of the model in memory, bit for bit.</summary>
    public void Reloaded(Decoder model)
    {
        using var again = DecoderWeights.Load(written, model.DType);
        again.Compute = model.Compute;
        var (expected, found) = (Logits(model), Logits(again));
        var differs = expected.AsSpan().CommonPrefixLength(found);
        Require(differs == expected.Length,
            $"reloaded, logit {differs} is {found[Math.Min(differs, found.Length - 1)]:R} but was "
                + $"{expected[Math.Min(differs, expected.Length - 1)]:R} in memory");
        Passed($"reloaded, it gives the logits of the model in memory, over {Math.Min(LogitTokens, model.Config.MaxPositions)} tokens");
    }

    /// <summary>Tensors that were to stay are those of the source, bit for bit.</summary>
    /// <param name="stays">Which.</param>
    /// <param name="what">What they are, for the record.</param>
    public void Same(Func<Parameter, bool> stays, string what) =>
        Compare(named => stays(named.Parameter),
            (was, became) => BitConverter.SingleToInt32Bits(was) == BitConverter.SingleToInt32Bits(became), $"{what} to stay",
            $"{what} equal to the source, bit for bit");

    /// <summary>Weights are zero or those of the source, bit for bit.</summary>
    public void SameOrZero() =>
        Compare(_ => true, (was, became) => became == 0
            || BitConverter.SingleToInt32Bits(was) == BitConverter.SingleToInt32Bits(became), "to stay or become zero",
            "every weight is zero or that of the source, bit for bit");

    /// <summary>Elements of each tensor, spread over it, are those that the plan names; all of them where it keeps everything.</summary>
    public void Sliced(PruningPlan plan)
    {
        if (written.Config.Parameters == source.Config.Parameters && plan is { Merges: null, ExpertMerges: null }
            && plan.Layers.Length == source.Config.Layers)
        {
            Same(_ => true, "nothing is cut and every tensor is");
            return;
        }
        Elements(named =>
        {
            var (parameter, spec) = (named.Parameter, ParameterSpec.Of(named.Parameter.Role));
            // Heads and experts that took in others are sums.
            if (plan.IsMixed(parameter))
                return null;
            var from = source.Family.NameOf(plan.Source(parameter));
            var (shape, before, carried) = (named.Shape, spec.Shape(source.Config), spec.Carried(source.Config, written.Config));
            var width = shape.Length == 2 ? shape[1] : 1;
            return ($"the plan keeps, of {from},", at =>
            {
                var row = Kept(spec.Dimensions[0], parameter, at / width);
                var column = shape.Length == 2 ? Kept(spec.Dimensions[1], parameter, at % width) : 0;
                var was = 0f;
                ReadSource(from, row * (before.Length == 2 ? before[1] : 1) + column, new(ref was), carried);
                return was;
            }
            );
        }, "those that the plan keeps");

        long Kept(Dimension dimension, Parameter parameter, long index)
        {
            if (dimension.Axis is null)
                return index;
            var (before, after) = (dimension.EntriesOf(source.Config), dimension.EntriesOf(written.Config));
            return Of(dimension.Axis, index / after) * before + Of(dimension.Inner, index % after);

            long Of(Axis? axis, long unit) =>
                axis is null || plan.UnitsOf(axis, parameter.Layer, parameter.Expert) is not { } units ? unit : units[unit];
        }
    }

    /// <summary>Some elements of each tensor, spread over it, are what they should be, bit for bit.</summary>
    /// <param name="of">Of a tensor what says what an element should be, in words and as a number; null where it is not looked at.</param>
    /// <param name="what">What they all are, for the record.</param>
    public void Elements(Func<NamedParameter, (string Words, Func<long, float> At)?> of, string what)
    {
        foreach (var named in Tensors)
        {
            if (of(named) is not { } expected)
                continue;
            var count = named.Shape.Aggregate(1L, (product, size) => product * size);
            for (var i = 0; i < Looked; i++)
            {
                var at = (count - 1) * i / (Looked - 1);
                var (became, wanted) = (0f, expected.At(at));
                written.ReadFloat32(named.Name, at, new(ref became));
                if (BitConverter.SingleToInt32Bits(became) != BitConverter.SingleToInt32Bits(wanted))
                    throw Failed($"{named.Name} element {at} is {became:R} and {expected.Words} {wanted:R}");
            }
        }
        Passed($"{Looked} elements of each tensor are {what}, bit for bit");
    }

    private void Compare(Func<NamedParameter, bool> stays, Func<float, float, bool> isSame, string wanted, string passed)
    {
        const int block = 1 << 16;
        var (was, became) = (new float[block], new float[block]);
        foreach (var named in Tensors.Where(stays))
        {
            var count = named.Shape.Aggregate(1L, (product, size) => product * size);
            for (var first = 0L; first < count; first += block)
            {
                var length = (int)Math.Min(block, count - first);
                ReadSource(named.Name, first, was.AsSpan(0, length));
                written.ReadFloat32(named.Name, first, became.AsSpan(0, length));
                // Billions of weights: the sentence is made of the one that fails alone.
                for (var i = 0; i < length; i++)
                    if (!isSame(was[i], became[i]))
                        throw Failed($"{named.Name} element {first + i} is {became[i]:R} but was {was[i]:R}, {wanted}");
            }
        }
        Passed(passed);
    }

    /// <summary>Elements of the source as the written folder's type holds them.</summary>
    private void ReadSource(string name, long first, Span<float> values, Func<float, float>? carried = null)
    {
        source.ReadFloat32(name, first, values);
        if (carried is not null)
            foreach (ref var value in values)
                value = carried(value);
        else if (written.StoredType == source.StoredType)
            return;
        var bytes = new byte[values.Length * written.StoredType.Bytes()];
        new Narrowing(clamp: true).Write(name, first, written.StoredType, values, bytes);
        ElementConversion.ToFloat32(written.StoredType, bytes, values);
    }

    /// <summary>What the checks took goes into the stage's <c>timing.jsonl</c>.</summary>
    public void Dispose() => folder.AddCheckSeconds(Stopwatch.GetElapsedTime(_started).TotalSeconds);

    private static float[] Logits(Decoder model)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var length = Math.Min(LogitTokens, model.Config.MaxPositions);
        // Ids all over the vocabulary, the same each time.
        var ids = Enumerable.Range(0, length).Select(i => (i + 1) * 2_654_435_761L % model.Config.VocabularySize).ToArray();
        return model.Logits(model.Forward(Tensor.From<long>(ids, 1, length))).ToArray<float>();
    }

    private void Passed(string what) => folder.Checks.Add(what);

    private void Require(bool holds, string problem)
    {
        if (!holds)
            throw Failed(problem);
    }

    private EspalierException Failed(string problem) =>
        new($"{stage}: the result failed its check: {problem}; the stage is not "
            + $"done ({folder.Path}): start again, and report this if it fails again")
        { ExitCode = 1 };
}
