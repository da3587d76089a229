using Espalier.Evaluation.FunctionCalls.Checking;
using Espalier.Evaluation.FunctionCalls.Decoding;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>What an answer is worth.</summary>
/// <param name="Fault">The kind of what is wrong, by BFCL's name of it; null where it is right.</param>
/// <param name="Reason">A sentence about it; null where it is right.</param>
internal sealed record CallVerdict(bool IsRight, string? Fault, string? Reason);

/// <summary>Judges answers to BFCL v4's questions of a single turn by its rules for syntax trees.</summary>
internal static class FunctionCallScorer
{
    /// <summary>Judges an answer. Whatever it is, there is a verdict.</summary>
    public static CallVerdict Score(FunctionCallQuestion question, string answer, CallSyntax syntax = CallSyntax.Any)
    {
        // Whether there is a call at all is asked in Python's syntax, as in the reference.
        var decoded = CallDecoder.Decode(answer, question.Category.Language, syntax);
        if (decoded.Failure is { } failure && question.Category.HasAnswers)
            return new(false, CallFaults.NotDecoded, $"is not a list of calls: {failure}");
        return CallChecker.Check(question, decoded.Calls) is { } finding ? new(false, finding.Fault, finding.Reason)
            : new(true, null, null);
    }
}
