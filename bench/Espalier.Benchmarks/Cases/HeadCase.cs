using System.Globalization;
using System.Runtime.InteropServices;
using Espalier.Compression.Distillation;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// P3 and P4: both heads, the divergence and its gradient, without the models below; time against eager operators and against the products alone, and memory beyond the
/// gradient of the head. A subject is TOKENSxVOCABULARY.
/// </summary>
internal static class HeadCase
{
    private const int Width = 384, TeacherWidth = 512;

    public static IEnumerable<Row> Time(CaseInput input, PeerSystem system)
    {
        using var work = new TemporaryFolder();
        using var operands = new Operands(work, system, input);
        using var peer = operands.Peer(system, input);
        peer.WaitUntilReady();
        var loss = 0.0;
        var pairs = Pairs.Measure(input.Pairs, 2, () => Cost.Of(() => loss = operands.Step()), () =>
        {
            var (line, cost) = peer.Timed("step");
            operands.RequireSame((double)line["loss"]!);
            return cost;
        });
        yield return pairs.OtherOverOwn(input, "eager / own", 2.3, $"{system.Name} plain");
        var floor = operands.FloorSeconds();
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "own / the four products alone",
            Wall = Quantiles.Of(pairs.Own.Select(cost => cost.Wall / floor.Wall)),
            Processor = Quantiles.Of(pairs.Own.Select(cost => cost.Processor / floor.Processor)),
            Note = "aim 1.1",
        };
    }

    public static IEnumerable<Row> Space(CaseInput input, PeerSystem system)
    {
        using var work = new TemporaryFolder();
        using var operands = new Operands(work, system, input);
        operands.Step(64);
        Memory.ForgetPeak();
        var before = Memory.ResidentMiB;
        operands.Step();
        var own = Memory.PeakMiB - before;
        double theirs;
        using (var peer = operands.Peer(system, input))
        {
            var ready = (double)peer.WaitUntilReady()["rss_mib"]!;
            theirs = (double)peer.Next("step")["peak_rss_mib"]! - ready - operands.GradientMiB;
        }
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "own / eager, MiB beyond the gradient",
            Value = Quantiles.Exactly(own / theirs),
            AtMost = 0.1,
            Note = string.Create(CultureInfo.InvariantCulture, $"{own:0} MiB of {theirs:0}; {system.Name} plain"),
            Details = new() { ["own_mib"] = own, ["eager_mib"] = theirs },
        };
    }

    private sealed class Operands : IDisposable
    {
        private readonly TemporaryFolder _work;
        private readonly Tensor _hidden, _head, _teacherHidden, _teacherHead, _targets;
        private readonly int _tokens, _vocabulary;
        private double _loss;

        public Operands(TemporaryFolder work, PeerSystem system, CaseInput input)
        {
            _work = work;
            int[] sizes = [.. input.Subject.Split('x').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
            (_tokens, _vocabulary) = (sizes[0], sizes[1]);
            PeerSystem.Run(system.Command("writer", "peers/head_kl.py", work.Path, [], "--tokens", $"{_tokens}", "--width", $"{Width}", "--teacher-width", $"{TeacherWidth}",
                "--vocabulary", $"{_vocabulary}", "--write", "WORK"), "written");
            TorchRuntime.Start(input.Threads);
            using var file = SafetensorsFile.Open(work.At("operands.safetensors"));
            Tensor Read(string name) => Tensor.From<float>(MemoryMarshal.Cast<byte, float>(file.ReadBytes(name)).ToArray(), [.. file.Entries[name].Shape]);
            (_hidden, _head, _teacherHidden, _teacherHead) = (Read("hidden"), Read("head"), Read("teacher_hidden"), Read("teacher_head"));
            _head.RequiresGrad = true;
            _targets = Tensor.Zeros(DType.Int64, _tokens);
        }

        public double GradientMiB => 4.0 * _vocabulary * Width / (1 << 20);

        public Peer Peer(PeerSystem system, CaseInput input) => new(system.Command(
            system.Name, "peers/head_kl.py", _work.Path, [], "--read", "WORK", "--threads", $"{input.Threads}", "--steps", "1000", "--paced"));

        /// <summary>The mean loss; the gradients are made.</summary>
        public double Step(int? tokens = null)
        {
            using var scope = TensorScope.Begin();
            var count = tokens ?? _tokens;
            Gradients.Clear([_head]);
            var result = new ForwardKl().Backward(
                new(_head), _hidden.Slice(0, 0, count), _targets.Slice(0, 0, count), new TeacherHead(_teacherHidden.Slice(0, 0, count), new(_teacherHead)), 1.0 / count);
            return _loss = result.Sum / count;
        }

        public void RequireSame(double loss)
        {
            var mine = _loss == 0 ? Step() : _loss;
            if (!(Math.Abs(mine - loss) <= 1e-5 * Math.Max(1, loss)))
                throw new InvalidOperationException($"no parity: loss {mine} against {loss}");
        }

        /// <summary>The four products at the rates of chunks of 512.</summary>
        public Cost FloorSeconds()
        {
            var rows = Math.Min(_tokens, 512);
            double wall = 0, processor = 0;
            foreach (var (m, k, n) in new (long, long, long)[] { (rows, TeacherWidth, _vocabulary), (rows, Width, _vocabulary), (rows, _vocabulary, Width), (_vocabulary, rows, Width) })
            {
                var rate = References.Product(m, k, n, DType.Float32);
                var operations = 2.0 * m * k * n * _tokens / rows / 1e9;
                wall += operations / rate.Wall;
                processor += operations / rate.Processor;
            }
            return new(wall, processor);
        }

        public void Dispose()
        {
            foreach (var tensor in new[] { _hidden, _head, _teacherHidden, _teacherHead, _targets })
                tensor.Dispose();
        }
    }
}
