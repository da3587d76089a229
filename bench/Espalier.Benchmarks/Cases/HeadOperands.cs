using System.Runtime.InteropServices;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Benchmarks;

/// <summary>
/// Hidden states and heads of a student and a teacher, as the peer's generator makes them: what both sides of P3 and P4 work on. A subject
/// is TOKENSxVOCABULARY.
/// </summary>
internal sealed class HeadOperands : IDisposable
{
    private const int Width = 384, TeacherWidth = 512;

    private readonly TemporaryFolder _work;
    private readonly Tensor _hidden, _head, _teacherHidden, _teacherHead, _targets;
    private readonly int _vocabulary;
    private double _loss;

    /// <param name="work">Where they are written.</param>
    /// <param name="system">Writes them.</param>
    /// <param name="input">The case.</param>
    /// <param name="times">How many times as many tokens as the subject says there are.</param>
    public HeadOperands(TemporaryFolder work, PeerSystem system, CaseInput input, int times = 1)
    {
        _work = work;
        int[] sizes = [.. input.Subject.Split('x').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        (Tokens, _vocabulary) = (sizes[0], sizes[1]);
        PeerSystem.Run(
            system.Command("writer", "head_kl.py", work.Path, [], "--tokens", $"{Tokens * times}", "--width", $"{Width}", "--teacher-width",
                $"{TeacherWidth}",
            "--vocabulary", $"{_vocabulary}", "--write", "WORK"), "written");
        TorchRuntime.Start(input.Threads);
        using var file = SafetensorsFile.Open(work.At("operands.safetensors"));
        Tensor Read(string name) =>
            Tensor.From<float>(MemoryMarshal.Cast<byte, float>(file.ReadBytes(name)).ToArray(), [.. file.Entries[name].Shape]);
        (_hidden, _head, _teacherHidden, _teacherHead) = (Read("hidden"), Read("head"), Read("teacher_hidden"), Read("teacher_head"));
        _head.RequiresGrad = true;
        _targets = Tensor.Zeros(DType.Int64, Tokens * times);
    }

    public int Tokens { get; }

    /// <summary>Size of the gradient of the student's head.</summary>
    public double GradientMiB => 4.0 * _vocabulary * Width / (1 << 20);

    /// <summary>Size of the gradient of the hidden states, which goes on to the layers below.</summary>
    public static double HiddenGradientMiB(int tokens) => 4.0 * tokens * Width / (1 << 20);

    public Peer Peer(PeerSystem system, CaseInput input, params string[] settings) => new(system.Command(
        system.Name, "head_kl.py", _work.Path, settings, "--read", "WORK", "--first", $"{Tokens}", "--threads", $"{input.Threads}",
        "--steps", "1000", "--paced"));

    /// <summary>The mean loss; the gradients are made.</summary>
    public double Step(int? tokens = null)
    {
        using var scope = TensorScope.Begin();
        var count = tokens ?? Tokens;
        // As a training does between steps.
        Gradients.Renew([_head], ProductOperators.AddsInPlace);
        var result = new ForwardKl().Backward(
            new(_head), _hidden.Slice(0, 0, count), _targets.Slice(0, 0, count),
            new DenseDistributions(_teacherHidden.Slice(0, 0, count), new(_teacherHead)), 1.0 / count);
        return _loss = result.Sum / count;
    }

    public void RequireSame(double loss)
    {
        var mine = _loss == 0 ? Step() : _loss;
        if (!(Math.Abs(mine - loss) <= 1e-5 * Math.Max(1, loss)))
            throw new InvalidOperationException($"no parity: loss {mine} against {loss}");
    }

    /// <summary>
    /// The four products of a step and nothing else, a chunk of positions at a time, on the operands as they lie in memory and in memory
    /// that earlier calls used; the gradient of the head as [V, D], or turned.
    /// </summary>
    public void Products(int chunk, bool turned)
    {
        using var noGradient = GradMode.Disable();
        for (var start = 0; start < Tokens; start += chunk)
        {
            using var scope = TensorScope.Begin();
            var end = Math.Min(Tokens, start + chunk);
            var hidden_CD = _hidden.Slice(0, start, end);
            var logits_CV = hidden_CD.Linear(_head);
            _teacherHidden.Slice(0, start, end).Linear(_teacherHead);
            logits_CV.MatMul(_head);
            _ = turned ? hidden_CD.Transpose(0, 1).MatMul(logits_CV) : logits_CV.Transpose(0, 1).MatMul(hidden_CD);
        }
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _hidden, _head, _teacherHidden, _teacherHead, _targets })
            tensor.Dispose();
    }
}
