#:project ../src/Espalier.Pipeline/Espalier.Pipeline.csproj

// Prunes a model and distils what is left from the original:
// dotnet run -c Release samples/prune-and-distil.cs -- models/quickstart-teacher models/quickstart-teacher/self-written.jsonl build/sample
using Espalier;

using var teacher = LanguageModel.Load(args[0]);
using var text = TextData.Read(teacher, sequence: 128, args[1]);
var scores = teacher.Score(text);
using var pruned = teacher.Prune(new() { Ffn = 512, Layers = 7 }, scores, Path.Combine(args[2], "pruned"));
Console.WriteLine($"teacher {teacher.Evaluate(text).Nll:0.000}, pruned {pruned.Evaluate(text).Nll:0.000} nats per token");

using var student = pruned.Distill(teacher, text, Path.Combine(args[2], "student"), new() { Steps = 40 });
Console.WriteLine($"student {student.Evaluate(text).Nll:0.000} nats per token");
Console.WriteLine(student.Generate("Once upon a time", maxTokens: 40));
